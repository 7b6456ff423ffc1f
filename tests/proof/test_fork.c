/* A key that told two histories, as a buyer sees it: what it signed before they part still counts,
 * what it signed from there on does not. */
#include "judge.h"

static uint64_t forked_sequence; /* of the cooperative's key */

/* A second statement of the cooperative with this sequence, which goes into no log. */
static void sign_aside(struct forge *forge, uint64_t sequence, uint8_t number,
                       const Qp__Entry **entry)
{
    struct forge_party *party = forge_party(forge, "coop");
    struct forge_party kept = *party;
    Qp__Entry *decoded = NULL;
    party->sequence = sequence;
    party->previous = (struct qp_hash){{number}};
    forge_event(forge, "\"lot_recalled\": {\"lot\": \"coop/H-1\", \"reason\": \"r%u\"}", number);
    assert_ok(qp_entry_decode(forge_sign(forge, "coop")->entry, &forge->arena, &decoded, err));
    *party = kept;
    forge->entry_count--;
    *entry = decoded;
}

/* The statement of the cooperative with this sequence in the log, or NULL. */
static const Qp__Entry *find_signed(struct forge *forge, uint64_t sequence)
{
    const struct forge_party *party = forge_party(forge, "coop");
    for (size_t i = 0; i < forge->entry_count; i++) {
        Qp__Entry *entry = NULL;
        Qp__Statement *statement = NULL;
        assert_ok(qp_entry_decode(forge->entries[i].entry, &forge->arena, &entry, err));
        assert_ok(
            qp_statement_decode(qp_span_bytes(entry->statement), &forge->arena, &statement, err));
        if (statement->sequence == sequence &&
            memcmp(statement->issuer.data, party->public_key.bytes, 32) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void coop_forked(struct forge *forge)
{
    struct qp_buf text[2] = {{0}};
    char signatures[2][129];
    const Qp__Entry *pair[2] = {find_signed(forge, forked_sequence), NULL};
    if (pair[0] == NULL) {
        sign_aside(forge, forked_sequence, 1, &pair[0]);
    }
    sign_aside(forge, forked_sequence, 2, &pair[1]);
    const ProtobufCBinaryData *a = &pair[0]->statement;
    const ProtobufCBinaryData *b = &pair[1]->statement;
    size_t least = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->data, b->data, least);
    size_t first = order < 0 || (order == 0 && a->len < b->len) ? 0 : 1;
    for (size_t i = 0; i < 2; i++) {
        const Qp__Entry *entry = pair[i == 0 ? first : 1 - first];
        assert_ok(qp_base64_encode(&text[i], qp_span_bytes(entry->statement), err));
        assert_ok(qp_buf_add(&text[i], qp_span_of("", 1), err));
        qp_hex_encode(signatures[i], qp_span_bytes(entry->signature));
    }
    forge_event(forge,
                "\"key_forked\": {\"statement_a\": \"%s\", \"signature_a\": \"%s\", "
                "\"statement_b\": \"%s\", \"signature_b\": \"%s\"}",
                (const char *)text[0].data, signatures[0], (const char *)text[1].data,
                signatures[1]);
    forge_sign(forge, "importer"); /* whoever has seen both */
    qp_buf_wipe(&text[0]);
    qp_buf_wipe(&text[1]);
}

static void statements_from_the_fork_on_count_for_nothing(void **state)
{
    (void)state;
    forked_sequence = 0;
    struct judged judged = judge_season(&(struct season_steps){.last = coop_forked});
    expect(&judged, AUTHORISED, QP_FAIL, "has forked: it signed two statements with sequence 0");
    expect(&judged, AUTHENTIC, QP_PASS, "");
    expect(&judged, CONSERVED, QP_PASS, "");
}

static size_t entries_in_doubt(uint64_t sequence)
{
    size_t count = 0;
    forked_sequence = sequence;
    struct judged judged = judge_season(&(struct season_steps){.last = coop_forked});
    for (const char *at = judged.text; (at = strstr(at, "has forked")) != NULL; at++) {
        count++;
    }
    return count;
}

static void the_doubt_begins_at_the_forked_sequence(void **state)
{
    (void)state;
    size_t all = entries_in_doubt(0);
    assert_true(all > 2);
    assert_int_equal(entries_in_doubt(1), all - 1);
    assert_int_equal(entries_in_doubt(all - 1), 1);
    assert_int_equal(entries_in_doubt(all), 0);
}

/* The log has neither of the two: the key ends, and nothing that it signed before is in doubt. */
static void statements_before_the_fork_still_count(void **state)
{
    (void)state;
    forked_sequence = 90;
    struct judged judged = judge_season(&(struct season_steps){.last = coop_forked});
    expect(&judged, AUTHORISED, QP_PASS, "");
    assert_true(judged.passed);
}

static void coop_forked_first(struct forge *forge)
{
    forked_sequence = 90;
    coop_forked(forge);
    season_harvest(forge);
}

static void a_forked_key_signs_nothing_more(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.harvest = coop_forked_first});
    expect(&judged, AUTHORISED, QP_FAIL, "QP-KEY-OLD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_from_the_fork_on_count_for_nothing),
        cmocka_unit_test(the_doubt_begins_at_the_forked_sequence),
        cmocka_unit_test(statements_before_the_fork_still_count),
        cmocka_unit_test(a_forked_key_signs_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
