/* Bundles made from a real ledger, as their reader sees them. */
#include "trace/market.h"

#include <quipu/proof.h>

#include "proof/slice.h"

static struct qp_trust *trust_new(void)
{
    char vkey_text[QP_VKEY_TEXT_BYTES];
    struct qp_vkey vkey;
    struct qp_public_key key;
    struct qp_trust *trust = NULL;
    qp_key_public(market.folder.season.log_key, &key);
    assert_ok(qp_vkey_init(&vkey, qp_span_text(SEASON_ORIGIN), QP_VKEY_NOTE, &key, err));
    qp_vkey_format(&vkey, vkey_text);
    const char *policy = text(
        "{\"policy\":\"quipu/policy/v1\",\"ledger_id\":\"%s\",\"log\":[\"log %s\","
        "\"quorum none\"],\"assessors\":[{\"party\":\"geo-andes\"}],\"cut_off\":\"2020-12-31\","
        "\"require\":[\"authentic\",\"authorised\",\"unbroken\",\"conserved\"]}",
        hex(market.folder.season.ledger_id.bytes, 32), vkey_text);
    assert_ok(qp_trust_new(qp_span_text(policy), &trust, err));
    return trust;
}

/* The bundle, taken apart; wipe slice, then bundle, then free trust. */
struct opened {
    struct qp_buf bytes;
    struct qp_prove_report report;
    struct qp_trust *trust;
    struct qp_slice slice;
};

static void open_bundle(struct qp_log *log, const char *shipment, unsigned disclose,
                        struct opened *opened)
{
    enum qp_code authentic = QP_OK;
    struct qp_err reason = {0};
    memset(opened, 0, sizeof *opened);
    assert_ok(qp_prove(log, shipment, disclose, &opened->bytes, &opened->report, err));
    opened->trust = trust_new();
    struct qp_bundle_options options = {.now_ms = 0};
    assert_ok(qp_slice_open(&opened->slice, qp_span_buf(&opened->bytes), opened->trust, &options,
                            &authentic, &reason, err));
    if (authentic != QP_OK) {
        fail_msg("not authentic: %s", reason.text);
    }
}

static void close_bundle(struct opened *opened)
{
    qp_slice_wipe(&opened->slice);
    qp_trust_free(opened->trust);
    qp_buf_wipe(&opened->bytes);
}

static size_t opened_of(const struct qp_slice *slice, Qp__SealedKind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < slice->sealed_count; i++) {
        count += slice->sealed[i].kind == kind && slice->sealed[i].content != NULL;
    }
    return count;
}

static void is_authentic_to_the_verifier(void **state)
{
    static const char *const shipments[] = {"cafe-export/s1", "cafe-export/s2"};
    for (size_t i = 0; i < 2; i++) {
        struct opened opened;
        open_bundle(*state, shipments[i], QP_DISCLOSE_EUDR, &opened);
        assert_int_equal(opened.slice.entry_count, opened.report.entries);
        assert_int_equal(opened.slice.event_count, opened.report.events);
        assert_int_equal(opened.slice.disclosed_count, opened.report.sealed);
        assert_int_equal(opened.slice.checkpoint.size, qp_log_size(*state));
        assert_string_equal(opened.slice.bundle->shipment, shipments[i]);
        close_bundle(&opened);
    }
}

static void satisfies_the_policy(void **state)
{
    struct qp_buf bytes = {0};
    struct qp_buf text_out = {0};
    struct qp_prove_report report;
    struct qp_verdict *verdict = NULL;
    struct qp_trust *trust = trust_new();
    assert_ok(qp_prove(*state, "cafe-export/s1", QP_DISCLOSE_EUDR, &bytes, &report, err));
    assert_ok(qp_bundle_verify(qp_span_buf(&bytes), trust, SEASON_NOW_MS, &verdict, err));
    assert_ok(qp_verdict_json(verdict, 2, &text_out, err));
    if (!qp_verdict_passed(verdict)) {
        printf("%.*s\n", (int)text_out.len, (const char *)text_out.data);
        fail();
    }
    assert_int_equal(qp_verdict_plot_count(verdict), report.plots);
    qp_verdict_free(verdict);
    qp_trust_free(trust);
    qp_buf_wipe(&text_out);
    qp_buf_wipe(&bytes);
}

static void gives_the_same_bytes_again(void **state)
{
    struct qp_buf first = {0};
    struct qp_buf second = {0};
    struct qp_prove_report report;
    assert_ok(qp_prove(*state, "cafe-export/s1", QP_DISCLOSE_EUDR, &first, &report, err));
    qp_log_close(*state);
    *state = folder_open(&market.folder, QP_LOG_READ);
    assert_ok(qp_prove(*state, "cafe-export/s1", QP_DISCLOSE_EUDR, &second, &report, err));
    assert_true(qp_span_eq(qp_span_buf(&first), qp_span_buf(&second)));
    qp_buf_wipe(&first);
    qp_buf_wipe(&second);
}

static void discloses_what_was_asked_for_and_no_more(void **state)
{
    static const struct {
        unsigned disclose;
        Qp__SealedKind kind;
        size_t count;
    } cases[] = {
        {0, QP__SEALED_KIND__SEALED_KIND_GEOMETRY, 0},
        {QP_DISCLOSE_GEOMETRY, QP__SEALED_KIND__SEALED_KIND_GEOMETRY, 2},
        {QP_DISCLOSE_PRODUCER_NAME, QP__SEALED_KIND__SEALED_KIND_PRODUCER, 2},
        {QP_DISCLOSE_PRICE, QP__SEALED_KIND__SEALED_KIND_PRICE, 2},
        {QP_DISCLOSE_DOCUMENT, QP__SEALED_KIND__SEALED_KIND_DOCUMENT, 0},
        {QP_DISCLOSE_CONTACT, QP__SEALED_KIND__SEALED_KIND_CONTACT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct opened opened;
        open_bundle(*state, "cafe-export/s1", cases[i].disclose, &opened);
        assert_int_equal(opened_of(&opened.slice, cases[i].kind), cases[i].count);
        assert_int_equal(opened.slice.disclosed_count, cases[i].count);
        assert_int_equal(opened.report.sealed, cases[i].count);
        assert_int_equal(opened.report.sealed_missing, 0);
        close_bundle(&opened);
    }
}

static void counts_contents_that_are_not_in_the_vault(void **state)
{
    static const uint8_t note[] = "guia 17";
    struct opened opened;
    const char *sealed =
        seal("document", QP__SEALED_KIND__SEALED_KIND_DOCUMENT, qp_span_of(note, sizeof note));
    act("coop-norte-2", "2026-05-21",
        text("'document_attached':{'subject':{'kind':'lot','id':'coop-norte/L1'},'title':'Guia',"
             "'evidence':'documented','document':%s}",
             sealed));
    market.folder.season.withhold = true;
    sign("coop-norte-2");
    admit(*state);
    open_bundle(*state, "cafe-export/s1", QP_DISCLOSE_EUDR | QP_DISCLOSE_DOCUMENT, &opened);
    assert_int_equal(opened.report.sealed, 4);
    assert_int_equal(opened.report.sealed_missing, 1);
    close_bundle(&opened);
    /* Not asked for, not missed. */
    open_bundle(*state, "cafe-export/s1", QP_DISCLOSE_EUDR, &opened);
    assert_int_equal(opened.report.sealed_missing, 0);
    close_bundle(&opened);
}

static void is_hardly_larger_than_what_it_shows(void **state)
{
    struct opened opened;
    size_t hashes = 0;
    uint64_t content = 0;
    open_bundle(*state, "cafe-export/s1", QP_DISCLOSE_EUDR, &opened);
    const Qp__Bundle *bundle = opened.slice.bundle;
    hashes = bundle->tree_proof.len / 32;
    for (size_t i = 0; i < bundle->n_entries; i++) {
        content += bundle->entries[i]->entry.len;
        hashes += bundle->entries[i]->event_proof.len / 32;
        for (size_t k = 0; k < bundle->entries[i]->n_events; k++) {
            content += bundle->entries[i]->events[k].len;
        }
    }
    for (size_t i = 0; i < bundle->n_sealed; i++) {
        content += bundle->sealed[i]->content.len;
    }
    assert_int_equal(opened.report.hashes, hashes);
    assert_int_equal(opened.report.bytes_content, content);
    printf("bundle of %zu bytes: %llu of content, %zu hashes\n", opened.bytes.len,
           (unsigned long long)content, hashes);
    assert_true(opened.bytes.len * 100 <= (content + hashes * 32) * 115);
    close_bundle(&opened);
}

/* ---- A store that went wrong ---- */

struct liar {
    struct qp_trace_source below;
    uint64_t index; /* of the entry whose events change */
    bool in_entry;
};

static enum qp_code lie_event(void *context, uint64_t index, uint32_t position, struct qp_buf *out,
                              struct qp_err *err)
{
    const struct liar *liar = context;
    enum qp_code rc = liar->below.event(liar->below.context, index, position, out, err);
    if (rc == QP_OK && !liar->in_entry && index == liar->index) {
        out->data[4] ^= 1; /* in the nonce */
    }
    return rc;
}

static enum qp_code lie_entry(void *context, uint64_t index, struct qp_buf *out, struct qp_err *err)
{
    const struct liar *liar = context;
    enum qp_code rc = liar->below.entry(liar->below.context, index, out, err);
    if (rc == QP_OK && liar->in_entry && index == liar->index) {
        out->data[out->len - 1] ^= 1; /* in the signature */
    }
    return rc;
}

static enum qp_code pass_edges(void *context, enum qp_state_kind kind, const char *id,
                               enum qp_code (*each)(void *each_context,
                                                    const struct qp_edge_place *place,
                                                    struct qp_err *err),
                               void *each_context, struct qp_err *err)
{
    const struct liar *liar = context;
    return liar->below.edges(liar->below.context, kind, id, each, each_context, err);
}

static enum qp_code pass_find(void *context, const struct qp_public_key *issuer, uint64_t sequence,
                              uint64_t *index, struct qp_err *err)
{
    const struct liar *liar = context;
    return liar->below.find(liar->below.context, issuer, sequence, index, err);
}

static enum qp_code pass_checkpoint(void *context, struct qp_buf *out, struct qp_err *err)
{
    const struct liar *liar = context;
    return liar->below.checkpoint(liar->below.context, out, err);
}

static void makes_no_bundle_of_what_was_not_signed(void **state)
{
    struct liar liar = {.below = qp_trace_source_log(*state)};
    struct qp_trace_source source = liar.below;
    source.context = &liar;
    source.event = lie_event;
    source.entry = lie_entry;
    source.edges = pass_edges;
    source.find = pass_find;
    source.checkpoint = pass_checkpoint;
    for (unsigned i = 0; i < 4; i++) {
        struct qp_buf out = {0};
        struct qp_prove_report report = {.events = 77};
        struct qp_err err = {0};
        liar.in_entry = i % 2 == 1;
        liar.index = i < 2 ? 3 : 0;
        assert_int_equal(qp_prove_source(&source, "cafe-export/s1", 0, &out, &report, &err),
                         QP_E_STORE);
        assert_non_null(strstr(err.text, "run quipu audit"));
        assert_int_equal(out.len, 0);
        assert_int_equal(report.events, 77);
        qp_buf_wipe(&out);
    }
}

static void fails_cleanly_without_memory(void **state)
{
    struct qp_log *log = *state;
    struct qp_trace_source source = qp_trace_source_log(log);
    enum qp_code rc = QP_E_MEMORY;
    uint64_t limit = 0;
    for (; rc != QP_OK; limit += limit < 400 ? 1 : 17) {
        struct qp_buf out = {0};
        struct qp_prove_report report;
        struct qp_err err = {0};
        qp_alloc_fail_after(limit);
        rc = qp_prove_source(&source, "cafe-export/s1", QP_DISCLOSE_EUDR, &out, &report, &err);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc != QP_OK && rc != QP_E_MEMORY) {
            fail_msg("after %llu allocations: %s", (unsigned long long)limit, err.text);
        }
        qp_buf_wipe(&out);
    }
    assert_true(limit > 50);
}

int main(void)
{
#define ON_MARKET(test) cmocka_unit_test_setup_teardown(test, market_open, market_close)
    const struct CMUnitTest tests[] = {
        ON_MARKET(is_authentic_to_the_verifier),
        cmocka_unit_test_setup_teardown(satisfies_the_policy, market_open, market_close),
        ON_MARKET(gives_the_same_bytes_again),
        ON_MARKET(discloses_what_was_asked_for_and_no_more),
        ON_MARKET(counts_contents_that_are_not_in_the_vault),
        ON_MARKET(is_hardly_larger_than_what_it_shows),
        ON_MARKET(makes_no_bundle_of_what_was_not_signed),
        ON_MARKET(fails_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
