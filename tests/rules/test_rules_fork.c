/* A key that signed two statements with one sequence: what proves it, and what follows from it. */
#include "rules/scene.h"
#include "rules/test_rules.h"

#include "rules/fork.h"

/* One statement of a proof; what is not said is as in every other. */
struct half {
    const char *key;   /* that signs */
    const char *names; /* the issuer that it names; NULL: the same */
    const char *weak;  /* or the bytes of an issuer, in hexadecimal */
    uint64_t sequence;
    uint64_t issued_ms;
    bool other_ledger;
    bool cut; /* a byte of it is missing */
};

static struct qp_buf statements[2];
static char signatures[2][129];

static void sign_half(const struct half *half, struct qp_buf *out, char signature_hex[129])
{
    uint8_t root[32] = {1};
    Qp__Statement statement = QP__STATEMENT__INIT;
    struct qp_hash zero = {{0}};
    struct qp_signature signature;
    struct qp_key *key = scene_secret(half->key);
    struct qp_public_key issuer = scene_key(half->names != NULL ? half->names : half->key);
    if (half->weak != NULL) {
        assert_ok(qp_hex_decode(issuer.bytes, sizeof issuer.bytes, qp_span_text(half->weak), err));
    }
    statement.format = 1;
    statement.ledger_id = qp_hash_bytes(half->other_ledger ? &zero : &scene.ledger_id);
    statement.algorithm = QP__ALGORITHM__ALGORITHM_ED25519;
    statement.issuer = qp_bytes_span(qp_span_of(issuer.bytes, sizeof issuer.bytes));
    statement.sequence = half->sequence;
    statement.previous = qp_hash_bytes(&zero);
    statement.issued_ms = 1780000000000 + half->issued_ms;
    statement.event_count = 1;
    statement.event_root = qp_bytes_span(qp_span_of(root, sizeof root));
    out->len = 0;
    assert_ok(qp_wire_encode(&qp_rule_statement, &statement, &scene.arena, out, err));
    out->len -= half->cut ? 1 : 0;
    assert_ok(qp_sign(key, qp_span_text(QP_STATEMENT_DOMAIN), qp_span_buf(out), &signature, err));
    qp_hex_encode(signature_hex, qp_span_of(signature.bytes, sizeof signature.bytes));
    qp_key_free(key);
}

/* The body of an event with the two as they come. Good until the next one. */
static const char *proof(struct half a, struct half b)
{
    static char body[8192];
    struct qp_buf base64[2] = {{0}};
    sign_half(&a, &statements[0], signatures[0]);
    sign_half(&b, &statements[1], signatures[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(qp_base64_encode(&base64[i], qp_span_buf(&statements[i]), err));
        assert_ok(qp_buf_add(&base64[i], qp_span_of("", 1), err));
    }
    snprintf(body, sizeof body,
             "'key_forked': {'statement_a': '%s', 'signature_a': '%s', 'statement_b': '%s', "
             "'signature_b': '%s'}",
             (const char *)base64[0].data, signatures[0], (const char *)base64[1].data,
             signatures[1]);
    for (size_t i = 0; i < 2; i++) {
        qp_buf_wipe(&base64[i]);
        qp_buf_wipe(&statements[i]);
    }
    return body;
}

/* Two that fork, in their order. */
static const char *fork_of(const char *key, uint64_t sequence)
{
    return proof((struct half){.key = key, .sequence = sequence, .issued_ms = 1},
                 (struct half){.key = key, .sequence = sequence, .issued_ms = 2});
}

static const Qp__KeyState *key_state(const char *name)
{
    struct qp_public_key key = scene_key(name);
    struct qp_state_key at = qp_state_key_public(&key);
    Qp__KeyState *found = NULL;
    assert_ok(qp_state_read(&scene.state, &at, &qp_rule_key_state, &scene.arena, &found, err));
    assert_non_null(found);
    return found;
}

static void a_proof_ends_the_key_whoever_brings_it(void **state)
{
    (void)state;
    unsigned long long now = scene.event_count;
    no("QP-KEY-UNKNOWN", "stranger", DAY, "%s", fork_of("norte", 7));
    ok("carry", DAY, "%s", fork_of("norte", 7));
    assert_int_equal(key_state("norte")->until->index, now);
    assert_true(key_state("norte")->forked);
    assert_int_equal(key_state("norte")->forked_sequence, 7);
    assert_int_equal(key_state("norte")->compromised_since_index, 0);
    no("QP-KEY-OLD", "norte", DAY, "'key_added': {'party': 'norte', 'key': '@n2@'}");
    ok("reg", DAY, "'key_added': {'party': 'norte', 'key': '@n2@'}"); /* the party goes on */
    ok("n2", DAY, "'key_added': {'party': 'norte', 'key': '@n3@'}");
}

static void the_first_statement_can_fork_too(void **state)
{
    (void)state;
    ok("sur", DAY, "%s", fork_of("sur", 0)); /* a confession */
    assert_true(key_state("sur")->forked);
    no("QP-KEY-OLD", "sur", DAY, "'key_added': {'party': 'sur', 'key': '@s2@'}");
}

/* Once proved, only an earlier fork says more; that of a key that had ended says more too. */
static void a_later_proof_counts_only_where_it_is_worse(void **state)
{
    (void)state;
    ok("norte", DAY, "'key_rotated': {'party': 'norte', 'old_key': '@norte@', 'new_key': '@n2@'}");
    uint64_t ended = key_state("norte")->until->index;
    ok("port", DAY, "%s", fork_of("norte", 7));
    assert_int_equal(key_state("norte")->until->index, ended);
    no("QP-KEY-OLD", "port", DAY, "%s", fork_of("norte", 7));
    no("QP-KEY-OLD", "port", DAY, "%s", fork_of("norte", 8));
    ok("port", DAY, "%s", fork_of("norte", 6));
    assert_int_equal(key_state("norte")->forked_sequence, 6);
    ok("n2", DAY,
       "'key_revoked': {'party': 'norte', 'key': '@norte@', 'compromised_since_index': 3, "
       "'reason': 'stolen'}"); /* both doubts stand */
    assert_int_equal(key_state("norte")->compromised_since_index, 3);
    assert_int_equal(key_state("norte")->forked_sequence, 6);
}

/* Nobody else keeps the operator's keys, but a proof is a proof: it goes on with another key. */
static void the_operators_key_is_no_exception(void **state)
{
    (void)state;
    ok("op", DAY, "'key_added': {'party': 'op', 'key': '@op2@'}");
    ok("norte", DAY, "%s", fork_of("op", 2));
    no("QP-KEY-OLD", "op", DAY, "'key_added': {'party': 'op', 'key': '@op3@'}");
    no("QP-ROLE", "reg", DAY, "'key_added': {'party': 'op', 'key': '@op3@'}");
    ok("op2", DAY, "'key_added': {'party': 'op', 'key': '@op3@'}");
}

static void what_proves_no_fork_is_refused(void **state)
{
    (void)state;
    const struct half a = {.key = "norte", .sequence = 7, .issued_ms = 1};
    const struct half b = {.key = "norte", .sequence = 7, .issued_ms = 2};
    struct half bad = b;
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(a, a));
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(b, a)); /* every proof has one form */
    bad.sequence = 8;
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(a, bad));
    bad = b;
    bad.key = "sur";
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(a, bad));
    bad.names = "norte"; /* somebody else signed what norte is to have said */
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(a, bad));
    bad = b;
    bad.other_ledger = true;
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(a, bad));
    bad = b;
    bad.cut = true;
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(a, bad));
    struct half one = a;
    struct half two = b;
    one.other_ledger = two.other_ledger = true; /* a fork, but not here */
    no("QP-FORK-PROOF", "reg", DAY, "%s", proof(one, two));
    no("QP-KEY-UNKNOWN", "reg", DAY, "%s", fork_of("nobody", 7));
    one = a;
    two = b;
    one.weak = two.weak = "0100000000000000000000000000000000000000000000000000000000000000";
    no("QP-KEY-UNKNOWN", "reg", DAY, "%s", proof(one, two));
    ok("reg", DAY, "%s", proof(a, b));
}

/* Offline, nothing says that a key was ever enrolled: one that nobody can own proves nothing. */
static void a_weak_key_convicts_nobody(void **state)
{
    (void)state;
    struct half a = {.key = "norte", .issued_ms = 1};
    struct half b = {.key = "norte", .issued_ms = 2};
    struct qp_err why;
    Qp__Event *event = NULL;
    a.weak = b.weak = "0100000000000000000000000000000000000000000000000000000000000000";
    struct qp_span bytes = scene_event_bytes(DAY, proof(a, b));
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    assert_int_equal(qp_fork_prove(event->key_forked, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "QP-FORK-PROOF");
    assert_non_null(strstr(why.text, "nobody can own"));
    bytes = scene_event_bytes(DAY, fork_of("norte", 3));
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    assert_ok(qp_fork_prove(event->key_forked, err));
    assert_ok(qp_rules_check_alone(event, "reg", err));
}

static enum qp_code take_party(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    char *party = context;
    (void)err;
    assert_int_equal(edge->kind, QP_STATE_PARTY);
    assert_int_equal(edge->role, QP_EDGE_CHANGES);
    snprintf(party, 32, "%s", edge->id);
    return QP_OK;
}

static void a_fork_concerns_the_party_of_the_key(void **state)
{
    (void)state;
    char party[32] = "";
    Qp__Event *event = NULL;
    struct qp_span bytes = scene_event_bytes(DAY, fork_of("sur", 3));
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    assert_ok(
        qp_forked_edge(event->key_forked, &scene.state, &scene.arena, take_party, party, err));
    assert_string_equal(party, "sur");
}

int rules_fork_tests(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_proof_ends_the_key_whoever_brings_it),
        SCENE_TEST(the_first_statement_can_fork_too),
        SCENE_TEST(a_later_proof_counts_only_where_it_is_worse),
        SCENE_TEST(the_operators_key_is_no_exception),
        SCENE_TEST(what_proves_no_fork_is_refused),
        SCENE_TEST(a_weak_key_convicts_nobody),
        SCENE_TEST(a_fork_concerns_the_party_of_the_key),
    };
    return cmocka_run_group_tests_name("forks", tests, NULL, NULL);
}
