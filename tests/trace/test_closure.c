/* Which events a bundle shows: everything that bears on the shipment, and nothing else. */
#include "trace/market.h"

#include "trace/closure.h"

/* "lot_harvested coop-norte/L1": the event and the first thing it names. */
struct label {
    char text[128];
};

static enum qp_code first_name(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct label *label = context;
    size_t len = strlen(label->text);
    (void)err;
    if (label->text[len - 1] == ' ') {
        snprintf(label->text + len, sizeof label->text - len, "%s", edge->id);
    }
    return QP_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static struct label *labels_of(const struct qp_closure *closure)
{
    struct qp_arena arena;
    struct label *labels = calloc(closure->event_count + 1, sizeof *labels);
    assert_non_null(labels);
    qp_arena_init(&arena, 0);
    for (size_t i = 0; i < closure->event_count; i++) {
        Qp__Event *event = NULL;
        assert_ok(qp_event_decode(closure->events[i].bytes, &arena, &event, err));
        snprintf(labels[i].text, sizeof labels[i].text, "%s ", qp_event_name(event->body_case));
        assert_ok(qp_event_edges(event, first_name, &labels[i], err));
        qp_arena_reset(&arena);
    }
    qp_arena_wipe(&arena);
    qsort(labels, closure->event_count, sizeof *labels, by_text);
    return labels;
}

static size_t count_of(const struct label *labels, size_t count, const char *wanted)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += strcmp(labels[i].text, wanted) == 0;
    }
    return found;
}

static void shows_what_bears_on_the_shipment_and_nothing_else(void **state)
{
    static const char *const wanted[] = {
        "certificate_issued cert-pe/c1",
        "certificate_withdrawn cert-pe/c1",
        "document_attached coop-norte/P1",
        "event_voided ", /* the inspection of L1 */
        "event_voided ", /* the wrong split of L1 */
        "key_rotated coop-norte",
        "ledger_opened ministry",
        "lot_harvested coop-norte/L1",
        "lot_harvested coop-norte/L2",
        "lot_inspected coop-norte/L1",
        "lot_processed coop-norte/L1", /* voided: x1 */
        "lot_processed coop-norte/L1", /* g1 */
        "lot_processed coop-norte/L2", /* l2a */
        "lot_received coop-norte/L1",
        "lot_received coop-norte/L2",
        "lot_received mill/g1",
        "lot_transferred coop-norte/L1",
        "lot_transferred coop-norte/L2",
        "lot_transferred mill/g1",
        "party_enrolled cafe-export",
        "party_enrolled cert-pe",
        "party_enrolled coop-norte",
        "party_enrolled geo-andes",
        "party_enrolled kaffee-nord",
        "party_enrolled mill",
        "party_enrolled reg-uno",  /* it enrolled the terminal */
        "party_enrolled tee-sued", /* s2 names it, and draws from g1 */
        "party_enrolled terminal",
        "plot_assessed coop-norte/P1",
        "plot_assessed coop-norte/P2",
        "plot_registered coop-norte/P1",
        "plot_registered coop-norte/P2",
        "producer_registered coop-norte/F1",
        "producer_registered coop-norte/F2",
        "rule_set_published ",
        "rule_set_published ",
        "shipment_dispatched cafe-export/s1",
        "shipment_dispatched cafe-export/s2",
        "shipment_gated_in cafe-export/s1",
        "shipment_loaded cafe-export/s1",
    };
    struct qp_trace_source source = qp_trace_source_log(*state);
    struct qp_closure closure;
    assert_ok(qp_closure_collect(&source, "cafe-export/s1", &closure, err));
    struct label *labels = labels_of(&closure);
    size_t count = sizeof wanted / sizeof wanted[0];
    for (size_t i = 0; i < count && i < closure.event_count; i++) {
        assert_string_equal(labels[i].text, wanted[i]);
    }
    assert_int_equal(closure.event_count, count);
    assert_int_equal(closure.lot_count, 4);
    assert_int_equal(closure.plot_count, 2);
    free(labels);
    qp_closure_wipe(&closure);
}

static void shows_the_first_and_the_newest_entry(void **state)
{
    struct qp_trace_source source = qp_trace_source_log(*state);
    struct qp_closure closure;
    assert_ok(qp_closure_collect(&source, "cafe-export/s1", &closure, err));
    const struct qp_shown_entry *last = &closure.entries[closure.entry_count - 1];
    assert_int_equal(closure.entries[0].index, 0);
    assert_int_equal(last->index, source.size - 1);
    /* The newest is a harvest of somebody else: it stands there without its event. */
    assert_true(closure.events[closure.event_count - 1].index < last->index);
    for (size_t i = 1; i < closure.entry_count; i++) {
        assert_true(closure.entries[i - 1].index < closure.entries[i].index);
    }
    for (size_t i = 1; i < closure.event_count; i++) {
        const struct qp_shown_event *a = &closure.events[i - 1];
        const struct qp_shown_event *b = &closure.events[i];
        assert_true(a->index < b->index || (a->index == b->index && a->position < b->position));
    }
    qp_closure_wipe(&closure);
}

static void shows_an_event_that_two_ways_lead_to_once(void **state)
{
    struct qp_trace_source source = qp_trace_source_log(*state);
    struct qp_closure closure;
    assert_ok(qp_closure_collect(&source, "cafe-export/s2", &closure, err));
    struct label *labels = labels_of(&closure);
    assert_int_equal(closure.lot_count, 6);
    assert_int_equal(closure.plot_count, 3);
    assert_int_equal(count_of(labels, closure.event_count, "lot_harvested coop-norte/L3"), 1);
    assert_int_equal(count_of(labels, closure.event_count, "shipment_dispatched cafe-export/s1"),
                     1);
    assert_int_equal(count_of(labels, closure.event_count, "shipment_gated_in cafe-export/s1"), 0);
    free(labels);
    qp_closure_wipe(&closure);
}

/* ---- Cost ---- */

struct counter {
    struct qp_trace_source below;
    size_t events;
    size_t edges;
    size_t entries;
};

static enum qp_code count_event(void *context, uint64_t index, uint32_t position,
                                struct qp_buf *out, struct qp_err *err)
{
    struct counter *counter = context;
    counter->events++;
    return counter->below.event(counter->below.context, index, position, out, err);
}

static enum qp_code count_entry(void *context, uint64_t index, struct qp_buf *out,
                                struct qp_err *err)
{
    struct counter *counter = context;
    counter->entries++;
    return counter->below.entry(counter->below.context, index, out, err);
}

static enum qp_code count_edges(void *context, enum qp_state_kind kind, const char *id,
                                enum qp_code (*each)(void *each_context,
                                                     const struct qp_edge_place *place,
                                                     struct qp_err *err),
                                void *each_context, struct qp_err *err)
{
    struct counter *counter = context;
    counter->edges++;
    return counter->below.edges(counter->below.context, kind, id, each, each_context, err);
}

static enum qp_code pass_find(void *context, const struct qp_public_key *issuer, uint64_t sequence,
                              uint64_t *index, struct qp_err *err)
{
    struct counter *counter = context;
    return counter->below.find(counter->below.context, issuer, sequence, index, err);
}

static struct counter count_reads(struct qp_log *log)
{
    struct counter counter = {.below = qp_trace_source_log(log)};
    struct qp_trace_source source = counter.below;
    struct qp_closure closure;
    source.context = &counter;
    source.event = count_event;
    source.entry = count_entry;
    source.edges = count_edges;
    source.find = pass_find;
    assert_ok(qp_closure_collect(&source, "cafe-export/s1", &closure, err));
    assert_int_equal(counter.events, closure.event_count);
    assert_int_equal(counter.entries, closure.entry_count);
    qp_closure_wipe(&closure);
    return counter;
}

static void reads_no_more_when_the_log_is_longer(void **state)
{
    char lot[40];
    struct counter before = count_reads(*state);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(lot, sizeof lot, "coop-sur/M%u", i);
        harvest("coop-sur", lot, "coop-sur/S1", 1);
        sign("coop-sur");
        qp_arena_reset(&market.texts);
    }
    admit(*state);
    struct counter after = count_reads(*state);
    assert_int_equal(before.events, after.events);
    assert_int_equal(before.entries, after.entries);
    assert_int_equal(before.edges, after.edges);
}

/* ---- What is missing ---- */

static void names_what_it_cannot_find(void **state)
{
    struct qp_trace_source source = qp_trace_source_log(*state);
    struct qp_closure closure;
    struct qp_err err = {0};
    assert_int_equal(qp_closure_collect(&source, "cafe-export/s9", &closure, &err), QP_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "no shipment cafe-export/s9"));
    assert_int_equal(qp_closure_collect(&source, "Cafe-Export/S1", &closure, &err), QP_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "there is a shipment cafe-export/s1"));
    assert_int_equal(qp_closure_collect(&source, "coop-norte/L1", &closure, &err), QP_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "coop-norte/L1 is a lot"));
    assert_int_equal(qp_closure_collect(&source, "what is this", &closure, &err), QP_E_USAGE);
    assert_int_equal(qp_closure_collect(&source, "", &closure, &err), QP_E_USAGE);
    char longest[200];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(qp_closure_collect(&source, longest, &closure, &err), QP_E_USAGE);
}

int main(void)
{
#define ON_MARKET(test) cmocka_unit_test_setup_teardown(test, market_open, market_close)
    const struct CMUnitTest tests[] = {
        ON_MARKET(shows_what_bears_on_the_shipment_and_nothing_else),
        ON_MARKET(shows_the_first_and_the_newest_entry),
        ON_MARKET(shows_an_event_that_two_ways_lead_to_once),
        ON_MARKET(reads_no_more_when_the_log_is_longer),
        ON_MARKET(names_what_it_cannot_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
