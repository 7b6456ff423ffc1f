/* Random events, honest, borderline and hostile: whatever is admitted, no goods come out of
 * nothing.
 *
 * The test keeps its own books, in plain arrays, of what each admitted event says it took and made,
 * and holds the state against them. */
#include "rules/random_lots.h"

#define SEEDS 10
#define STEPS 2000 /* with each seed */

/* ---- Keeping books ---- */

static void note_lot(const char *id)
{
    assert_true(book.lot_count < LOTS_MAX);
    snprintf(book.lots[book.lot_count], sizeof book.lots[0], "%s", id);
    book.drawn[book.lot_count++] = 0;
}

static void note_voided(const Qp__EventReference *reference)
{
    const struct scene_event *at = &scene.events[reference->sequence];
    Qp__Event *event = NULL;
    assert_ok(qp_event_decode(qp_span_of(at->bytes, at->len), &scene.arena, &event, err));
    if (event->body_case == QP__EVENT__BODY_LOT_HARVESTED) {
        uint64_t grams = event->lot_harvested->quantity->grams;
        assert_int_equal(book.drawn[lot_at(event->lot_harvested->lot)], 0);
        book.harvested -= (wide)grams * worth(event->lot_harvested->form);
        book.harvested_grams -= grams;
    } else if (event->body_case == QP__EVENT__BODY_LOT_PROCESSED) {
        for (size_t i = 0; i < event->lot_processed->n_inputs; i++) {
            const Qp__LotInput *input = event->lot_processed->inputs[i];
            book.drawn[lot_at(input->lot)] -= input->quantity->grams;
        }
        for (size_t i = 0; i < event->lot_processed->n_outputs; i++) {
            assert_int_equal(book.drawn[lot_at(event->lot_processed->outputs[i]->lot)], 0);
        }
    }
}

/* One process: neither grams nor worth come out that did not go in, to the last gram. */
static void note_process(const Qp__LotProcessed *body)
{
    wide value = 0;
    uint64_t grams = 0;
    for (size_t i = 0; i < body->n_inputs; i++) {
        const Qp__LotInput *input = body->inputs[i];
        book.drawn[lot_at(input->lot)] += input->quantity->grams;
        grams += input->quantity->grams;
        value += (wide)input->quantity->grams * worth(scene_lot(input->lot)->form);
    }
    for (size_t i = 0; i < body->n_outputs; i++) {
        const Qp__LotOutput *output = body->outputs[i];
        wide part = (wide)output->quantity->grams * worth(output->form);
        assert_true(output->quantity->grams <= grams);
        assert_true(part <= value);
        grams -= output->quantity->grams;
        value -= part;
        note_lot(output->lot);
    }
}

static void note(const Qp__Event *event)
{
    book.accepted++;
    switch (event->body_case) {
    case QP__EVENT__BODY_LOT_HARVESTED:
        note_lot(event->lot_harvested->lot);
        book.harvested +=
            (wide)event->lot_harvested->quantity->grams * worth(event->lot_harvested->form);
        book.harvested_grams += event->lot_harvested->quantity->grams;
        break;
    case QP__EVENT__BODY_LOT_PROCESSED:
        note_process(event->lot_processed);
        break;
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED: {
        const Qp__ShipmentLot *part = event->shipment_dispatched->lots[0];
        book.drawn[lot_at(part->lot)] += part->quantity->grams;
        book.shipped_grams += part->quantity->grams;
        book.shipped += (wide)part->quantity->grams * worth(scene_lot(part->lot)->form);
        break;
    }
    case QP__EVENT__BODY_EVENT_VOIDED:
        note_voided(event->event_voided->event);
        break;
    default:
        break;
    }
}

/* made = left + drawn + shrunk, for every lot; and neither its grams nor their worth in green
 * coffee come to more than was harvested, what was shipped among it. Every record decodes, or
 * scene_lot fails. */
static void check_books(void)
{
    uint64_t grams = book.shipped_grams;
    wide value = book.shipped;
    for (size_t i = 0; i < book.lot_count; i++) {
        const Qp__LotState *lot = scene_lot(book.lots[i]);
        assert_non_null(lot);
        if (lot->status == QP__LOT_STATUS__LOT_STATUS_VOIDED) {
            assert_null(lot->balance);
            continue;
        }
        if (balance_of(lot) + book.drawn[i] + lot->shrunk_grams != lot->made->grams) {
            fail_msg("%s was made with %llu g: %llu left, %llu drawn, %llu shrunk", book.lots[i],
                     (unsigned long long)lot->made->grams, (unsigned long long)balance_of(lot),
                     (unsigned long long)book.drawn[i], (unsigned long long)lot->shrunk_grams);
        }
        assert_true(lot->holder[0] != '\0' && lot->owner[0] != '\0');
        assert_int_equal(lot->status == HANDED, lot->handed_to[0] != '\0' && lot->status != 3);
        grams += balance_of(lot);
        value += (wide)balance_of(lot) * worth(lot->form);
    }
    assert_true(grams <= book.harvested_grams);
    assert_true(value <= book.harvested);
}

static enum qp_code apply(size_t who, const Qp__Event *event, struct qp_err *why)
{
    struct qp_rule_context context = {.issuer = book.keys[who], .index = scene.event_count};
    struct qp_buf bytes = {0};
    Qp__Event *decoded = NULL;
    enum qp_code rc = qp_wire_encode(&qp_rule_event, event, &scene.arena, &bytes, why);
    if (rc == QP_OK) {
        assert_ok(qp_event_decode(qp_span_buf(&bytes), &scene.arena, &decoded, err));
        qp_state_map_mark(scene.map);
        rc = qp_rules_apply(&context, decoded, &scene.state, &scene.arena, why);
        if (rc == QP_OK) {
            scene_keep(&context, qp_span_buf(&bytes));
        } else {
            qp_state_map_rollback(scene.map);
        }
    }
    qp_buf_wipe(&bytes);
    return rc;
}

static void nothing_comes_out_of_nothing(void **state)
{
    size_t accepted = 0;
    size_t shipments = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        size_t kinds[128] = {0};
        memset(&book, 0, sizeof book);
        book.seed = seed * 6364136223846793005U;
        print_message("seed %llu\n", (unsigned long long)seed);
        assert_int_equal(scene_open(state), 0);
        for (size_t i = 0; i < QP_COUNT(parties); i++) {
            book.keys[i] = scene_key(parties[i]);
        }
        for (size_t step = 0; step < STEPS; step++) {
            Qp__Event event;
            struct qp_err why;
            qp_arena_reset(&scene.arena);
            size_t who = random_event(&event);
            enum qp_code rc = apply(who, &event, &why);
            if (rc == QP_OK) {
                note(&event);
                kinds[event.body_case]++;
            } else if (rc != QP_E_REFUSED) {
                fail_msg("seed %llu, step %zu: %s (%s)", (unsigned long long)seed, step, why.text,
                         qp_code_name(rc));
            }
            if (step % 200 == 199) {
                qp_arena_reset(&scene.arena);
                check_books();
            }
        }
        accepted += book.accepted;
        assert_true(kinds[QP__EVENT__BODY_LOT_PROCESSED] > 10);
        assert_true(kinds[QP__EVENT__BODY_LOT_RECEIVED] > 10);
        assert_true(kinds[QP__EVENT__BODY_EVENT_VOIDED] > 10);
        shipments += kinds[QP__EVENT__BODY_SHIPMENT_DISPATCHED];
        assert_int_equal(scene_close(state), 0);
    }
    assert_true(shipments > 20);
    assert_true(accepted * 5 > SEEDS * STEPS); /* else the hostile have it all to themselves */
    print_message("%zu of %d events admitted\n", accepted, SEEDS * STEPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_out_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
