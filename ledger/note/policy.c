#include <quipu/note.h>

#include "core/alloc.h"
#include "core/check.h"
#include "note/lines.h"

#include <inttypes.h>
#include <string.h>

#define NODES_MAX (QP_POLICY_WITNESSES_MAX + QP_POLICY_GROUPS_MAX)
#define FIELDS_MAX (3 + NODES_MAX) /* group, name, threshold, members */
#define NO_NODE SIZE_MAX
#define WITNESS_KEYS_AT QP_POLICY_LOGS_MAX

/* A named thing that can witness a checkpoint. Groups name only what stands before them, and a name
 * is a member of at most one group: so the nodes are a forest, in an order in which the members of
 * each group come before it, and one pass in this order judges them all. */
struct node {
    const char *name;
    bool is_group;
    size_t witness_at; /* of a witness */
    size_t threshold;  /* of a group */
    size_t parent;     /* the group that it is a member of, or NO_NODE */
};

struct qp_policy {
    char *text; /* own copy, its fields ended by NULs; names and URLs point into it */
    /* Logs from 0, witnesses from WITNESS_KEYS_AT: one list for qp_note_check, which passes over
     * the unused places between. */
    struct qp_vkey keys[QP_POLICY_LOGS_MAX + QP_POLICY_WITNESSES_MAX];
    const char *log_urls[QP_POLICY_LOGS_MAX];
    const char *witness_urls[QP_POLICY_WITNESSES_MAX];
    const char *witness_names[QP_POLICY_WITNESSES_MAX];
    size_t log_count;
    size_t witness_count;
    size_t group_count;
    struct node nodes[NODES_MAX];
    size_t node_count;
    bool has_quorum;
    size_t quorum; /* NO_NODE: none is needed */
};

/* One line, split at spaces and tabs. */
struct fields {
    char *at[FIELDS_MAX];
    size_t count;
};

/* ---- Reading ---- */

static size_t find_node(const struct qp_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->node_count; i++) {
        if (strcmp(policy->nodes[i].name, name) == 0) {
            return i;
        }
    }
    return NO_NODE;
}

static enum qp_code check_new_name(const struct qp_policy *policy, const char *name,
                                   struct qp_err *err)
{
    if (strlen(name) > QP_KEY_NAME_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a name has at most %d bytes", QP_KEY_NAME_BYTES_MAX);
    }
    if (strcmp(name, "none") == 0) {
        return qp_fail(err, QP_E_INPUT, "the name none is taken; choose another");
    }
    if (find_node(policy, name) != NO_NODE) {
        return qp_fail(err, QP_E_INPUT, "the name %s is defined twice", name);
    }
    return QP_OK;
}

static enum qp_code parse_key(const char *text, enum qp_vkey_type type, struct qp_vkey *vkey,
                              struct qp_err *err)
{
    struct qp_vkey parsed;
    enum qp_code rc = qp_vkey_parse(qp_span_text(text), &parsed, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (parsed.type != type) {
        return qp_fail(err, QP_E_INPUT, "the key %s is of type 0x%02x, but a %s's is 0x%02x",
                       parsed.name, (unsigned)parsed.type, type == QP_VKEY_NOTE ? "log" : "witness",
                       (unsigned)type);
    }
    *vkey = parsed;
    return QP_OK;
}

/* Keys are the same when their points are, whatever their names. */
static enum qp_code check_new_key(const struct qp_vkey *keys, size_t count,
                                  const struct qp_vkey *vkey, struct qp_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (qp_public_key_eq(&keys[i].key, &vkey->key)) {
            return qp_fail(err, QP_E_INPUT, "the key of %s is the key of %s as well", vkey->name,
                           keys[i].name);
        }
    }
    return QP_OK;
}

static enum qp_code read_log(struct qp_policy *policy, const struct fields *fields,
                             struct qp_err *err)
{
    struct qp_vkey vkey;
    if (fields->count < 2 || fields->count > 3) {
        return qp_fail(err, QP_E_INPUT, "a log line has the form: log KEY [URL]");
    }
    if (policy->log_count == QP_POLICY_LOGS_MAX) {
        return qp_fail(err, QP_E_INPUT, "a policy has at most %d logs", QP_POLICY_LOGS_MAX);
    }
    enum qp_code rc = parse_key(fields->at[1], QP_VKEY_NOTE, &vkey, err);
    if (rc == QP_OK) {
        rc = check_new_key(policy->keys, policy->log_count, &vkey, err);
    }
    if (rc == QP_OK) {
        policy->keys[policy->log_count] = vkey;
        policy->log_urls[policy->log_count] = fields->count == 3 ? fields->at[2] : "";
        policy->log_count++;
    }
    return rc;
}

static enum qp_code read_witness(struct qp_policy *policy, const struct fields *fields,
                                 struct qp_err *err)
{
    struct qp_vkey vkey;
    size_t at = policy->witness_count;
    if (fields->count < 3 || fields->count > 4) {
        return qp_fail(err, QP_E_INPUT, "a witness line has the form: witness NAME KEY [URL]");
    }
    if (at == QP_POLICY_WITNESSES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a policy has at most %d witnesses",
                       QP_POLICY_WITNESSES_MAX);
    }
    enum qp_code rc = check_new_name(policy, fields->at[1], err);
    if (rc == QP_OK) {
        rc = parse_key(fields->at[2], QP_VKEY_COSIGNATURE, &vkey, err);
    }
    if (rc == QP_OK) {
        rc = check_new_key(policy->keys + WITNESS_KEYS_AT, at, &vkey, err);
    }
    if (rc == QP_OK) {
        policy->keys[WITNESS_KEYS_AT + at] = vkey;
        policy->witness_urls[at] = fields->count == 4 ? fields->at[3] : "";
        policy->witness_names[at] = fields->at[1];
        policy->witness_count++;
        policy->nodes[policy->node_count++] =
            (struct node){.name = fields->at[1], .witness_at = at, .parent = NO_NODE};
    }
    return rc;
}

static bool parse_threshold(const char *text, size_t members, size_t *threshold)
{
    uint64_t number = 0;
    if (strcmp(text, "any") == 0) {
        *threshold = 1;
        return true;
    }
    if (strcmp(text, "all") == 0) {
        *threshold = members;
        return true;
    }
    if (!qp_decimal_parse(qp_span_text(text), members, &number) || number == 0) {
        return false;
    }
    *threshold = (size_t)number;
    return true;
}

static enum qp_code read_group(struct qp_policy *policy, const struct fields *fields,
                               struct qp_err *err)
{
    size_t threshold = 0;
    if (fields->count < 4) {
        return qp_fail(err, QP_E_INPUT,
                       "a group line has the form: group NAME all|any|NUMBER MEMBER...");
    }
    if (policy->group_count == QP_POLICY_GROUPS_MAX) {
        return qp_fail(err, QP_E_INPUT, "a policy has at most %d groups", QP_POLICY_GROUPS_MAX);
    }
    enum qp_code rc = check_new_name(policy, fields->at[1], err);
    if (rc != QP_OK) {
        return rc;
    }
    if (!parse_threshold(fields->at[2], fields->count - 3, &threshold)) {
        return qp_fail(err, QP_E_INPUT, "the group %s needs all, any, or a number from 1 to %zu",
                       fields->at[1], fields->count - 3);
    }
    for (size_t i = 3; i < fields->count; i++) {
        size_t member = find_node(policy, fields->at[i]);
        if (member == NO_NODE) {
            return qp_fail(err, QP_E_INPUT, "the member %s of group %s is not defined above it",
                           fields->at[i], fields->at[1]);
        }
        if (policy->nodes[member].parent != NO_NODE) {
            return qp_fail(err, QP_E_INPUT, "%s is a member of a group twice", fields->at[i]);
        }
        policy->nodes[member].parent = policy->node_count;
    }
    policy->nodes[policy->node_count++] = (struct node){
        .name = fields->at[1], .is_group = true, .threshold = threshold, .parent = NO_NODE};
    policy->group_count++;
    return QP_OK;
}

static enum qp_code read_quorum(struct qp_policy *policy, const struct fields *fields,
                                struct qp_err *err)
{
    if (fields->count != 2) {
        return qp_fail(err, QP_E_INPUT, "a quorum line has the form: quorum NAME|none");
    }
    if (policy->has_quorum) {
        return qp_fail(err, QP_E_INPUT, "a policy has one quorum line; this is the second");
    }
    policy->has_quorum = true;
    policy->quorum = NO_NODE;
    if (strcmp(fields->at[1], "none") == 0) {
        return QP_OK;
    }
    policy->quorum = find_node(policy, fields->at[1]);
    if (policy->quorum == NO_NODE) {
        return qp_fail(err, QP_E_INPUT, "the quorum %s is not defined above it", fields->at[1]);
    }
    return QP_OK;
}

/* End each field with a NUL, in place. */
static enum qp_code split_fields(char *line, struct fields *fields, struct qp_err *err)
{
    fields->count = 0;
    for (char *at = line + strspn(line, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        if (*at == '#' && fields->count == 0) {
            return QP_OK;
        }
        if (fields->count == FIELDS_MAX) {
            return qp_fail(err, QP_E_INPUT, "the line has more than %d fields", FIELDS_MAX);
        }
        fields->at[fields->count++] = at;
        at += strcspn(at, " \t");
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    return QP_OK;
}

static enum qp_code read_line(struct qp_policy *policy, char *line, struct qp_err *err)
{
    static const struct {
        const char *word;
        enum qp_code (*read)(struct qp_policy *, const struct fields *, struct qp_err *);
    } kinds[] = {{"log", read_log},
                 {"witness", read_witness},
                 {"group", read_group},
                 {"quorum", read_quorum}};
    struct fields fields;
    enum qp_code rc = split_fields(line, &fields, err);
    if (rc != QP_OK || fields.count == 0) {
        return rc;
    }
    for (size_t i = 0; i < QP_COUNT(kinds); i++) {
        if (strcmp(kinds[i].word, fields.at[0]) == 0) {
            return kinds[i].read(policy, &fields, err);
        }
    }
    return qp_fail(err, QP_E_INPUT,
                   "a line begins with log, witness, group, quorum or #, not %.40s", fields.at[0]);
}

static enum qp_code check_bytes(struct qp_span text, struct qp_err *err)
{
    if (text.len == 0 || text.len > QP_POLICY_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a policy has 1 to %d bytes; this one has %zu",
                       QP_POLICY_BYTES_MAX, text.len);
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7f) {
            return qp_fail_at(err, QP_E_INPUT, i,
                              "byte %zu of the policy is 0x%02x; save it as "
                              "plain text with LF line ends",
                              i, byte);
        }
    }
    /* A cut name may be another's name, so a cut line is not guessed at. */
    if (text.data[text.len - 1] != '\n') {
        return qp_fail(err, QP_E_INPUT,
                       "the last line of the policy has no line end; if it is whole, add one");
    }
    return QP_OK;
}

static enum qp_code read_lines(struct qp_policy *policy, struct qp_err *err)
{
    size_t number = 1;
    for (char *line = policy->text; *line != '\0'; number++) {
        char *end = strchr(line, '\n');
        *end = '\0';
        enum qp_code rc = read_line(policy, line, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "policy line %zu", number);
        }
        line = end + 1;
    }
    if (!policy->has_quorum) {
        return qp_fail(
            err, QP_E_INPUT,
            "the policy has no quorum line; write 'quorum none' if no witness is needed");
    }
    return QP_OK;
}

enum qp_code qp_policy_new(struct qp_span text, struct qp_policy **policy, struct qp_err *err)
{
    enum qp_code rc = check_bytes(text, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_policy *made = qp_alloc_zero(1, sizeof *made);
    char *copy = qp_alloc(text.len + 1);
    if (made == NULL || copy == NULL) {
        qp_free(made);
        qp_free(copy);
        return qp_fail(err, QP_E_MEMORY, "no memory for a policy");
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    made->text = copy;
    rc = read_lines(made, err);
    if (rc != QP_OK) {
        qp_policy_free(made);
        return rc;
    }
    *policy = made;
    return QP_OK;
}

void qp_policy_free(struct qp_policy *policy)
{
    if (policy != NULL) {
        qp_free(policy->text);
        qp_free(policy);
    }
}

size_t qp_policy_log_count(const struct qp_policy *policy)
{
    return policy->log_count;
}

size_t qp_policy_witness_count(const struct qp_policy *policy)
{
    return policy->witness_count;
}

const struct qp_vkey *qp_policy_log(const struct qp_policy *policy, size_t at)
{
    QP_ASSERT(at < policy->log_count);
    return &policy->keys[at];
}

const char *qp_policy_log_url(const struct qp_policy *policy, size_t at)
{
    QP_ASSERT(at < policy->log_count);
    return policy->log_urls[at];
}

const struct qp_vkey *qp_policy_witness(const struct qp_policy *policy, size_t at)
{
    QP_ASSERT(at < policy->witness_count);
    return &policy->keys[WITNESS_KEYS_AT + at];
}

const char *qp_policy_witness_name(const struct qp_policy *policy, size_t at)
{
    QP_ASSERT(at < policy->witness_count);
    return policy->witness_names[at];
}

const char *qp_policy_witness_url(const struct qp_policy *policy, size_t at)
{
    QP_ASSERT(at < policy->witness_count);
    return policy->witness_urls[at];
}

/* ---- Judging ---- */

/* Do the cosignatures made at `since` or later meet the quorum? */
static bool quorum_met(const struct qp_policy *policy, const struct qp_note_verdict *witnesses,
                       uint64_t since)
{
    size_t have[NODES_MAX] = {0};
    if (policy->quorum == NO_NODE) {
        return true;
    }
    for (size_t i = 0; i <= policy->quorum; i++) {
        const struct node *node = &policy->nodes[i];
        const struct qp_note_verdict *verdict = &witnesses[node->witness_at];
        bool met = node->is_group ? have[i] >= node->threshold
                                  : verdict->verified && verdict->time_s >= since;
        if (i == policy->quorum) {
            return met;
        }
        if (met && node->parent != NO_NODE) {
            have[node->parent]++;
        }
    }
    return false;
}

static uint64_t quorum_time(const struct qp_policy *policy, const struct qp_note_verdict *witnesses)
{
    uint64_t best = 0;
    for (size_t i = 0; i < policy->witness_count && policy->quorum != NO_NODE; i++) {
        uint64_t time = witnesses[i].verified ? witnesses[i].time_s : 0;
        if (time > best && quorum_met(policy, witnesses, time)) {
            best = time;
        }
    }
    return best;
}

/* The log whose signature is on the note and whose name is the origin, or NO_NODE. */
static size_t signing_log(const struct qp_policy *policy, const struct qp_note_verdict *verdicts,
                          const char *origin)
{
    for (size_t i = 0; i < policy->log_count; i++) {
        if (verdicts[i].verified && strcmp(policy->keys[i].name, origin) == 0) {
            return i;
        }
    }
    return NO_NODE;
}

enum qp_code qp_policy_check(const struct qp_policy *policy, struct qp_span note,
                             struct qp_checkpoint *checkpoint, struct qp_policy_result *result,
                             struct qp_err *err)
{
    struct qp_note parsed;
    struct qp_note_verdict verdicts[QP_COUNT(policy->keys)];
    struct qp_checkpoint head;
    enum qp_code rc = qp_note_parse(note, &parsed, err);
    if (rc == QP_OK) {
        rc = qp_note_check(&parsed, policy->keys, QP_COUNT(policy->keys), verdicts, err);
    }
    if (rc == QP_OK) {
        rc = qp_checkpoint_parse(parsed.text, &head, err);
    }
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "checkpoint");
    }
    const struct qp_note_verdict *witnesses = verdicts + WITNESS_KEYS_AT;
    size_t log_at = signing_log(policy, verdicts, head.origin);
    if (log_at == NO_NODE) {
        return qp_fail(err, QP_E_INVALID,
                       "the checkpoint of %.100s is not signed by a log of this name in the policy",
                       head.origin);
    }
    size_t verified = 0;
    for (size_t i = 0; i < policy->witness_count; i++) {
        verified += witnesses[i].verified ? 1 : 0;
    }
    if (!quorum_met(policy, witnesses, 0)) {
        return qp_fail(err, QP_E_INVALID,
                       "the checkpoint of %.100s at size %" PRIu64
                       " is cosigned by %zu of %zu witnesses, which is not the quorum %.60s",
                       head.origin, head.size, verified, policy->witness_count,
                       policy->nodes[policy->quorum].name);
    }
    if (result != NULL) {
        *result = (struct qp_policy_result){.log_at = log_at, .verified_count = verified};
        memcpy(result->witnesses, witnesses, sizeof result->witnesses);
        result->quorum_time_s = quorum_time(policy, witnesses);
    }
    *checkpoint = head;
    return QP_OK;
}
