/* Entries and events of an open ledger, decoded. */
#include "reader.h"

#include "rules/rules.h"
#include "wire/json.h"

#include <string.h>

enum qp_code reader_open(struct reader *reader, const char *dir, struct qp_err *err)
{
    const struct qp_log_options options = {.mode = QP_LOG_READ};
    *reader = (struct reader){0};
    enum qp_code rc = qp_log_open(dir, &options, &reader->log, err);
    if (rc == QP_OK) {
        qp_arena_init(&reader->entry_arena, 0);
        qp_arena_init(&reader->event_arena, 0);
        qp_arena_init(&reader->scratch, 0);
    }
    return rc;
}

void reader_close(struct reader *reader)
{
    qp_log_close(reader->log);
    reader->log = NULL;
    qp_arena_wipe(&reader->entry_arena);
    qp_arena_wipe(&reader->event_arena);
    qp_arena_wipe(&reader->scratch);
    qp_buf_wipe(&reader->entry_bytes);
    qp_buf_wipe(&reader->event_bytes);
}

enum qp_code reader_state(struct reader *reader, const struct qp_state_key *key,
                          const struct qp_message_rule *rule, void *record, struct qp_err *err)
{
    struct qp_state state = qp_log_state(reader->log);
    qp_arena_reset(&reader->scratch);
    return qp_state_read(&state, key, rule, &reader->scratch, record, err);
}

enum qp_code reader_issuer(struct reader *reader, const struct qp_public_key *key, char issuer[32],
                           struct qp_err *err)
{
    struct qp_state_key at = qp_state_key_public(key);
    Qp__KeyState *state = NULL;
    char hex[65];
    enum qp_code rc = reader_state(reader, &at, &qp_rule_key_state, &state, err);
    if (rc == QP_OK && state != NULL) {
        snprintf(issuer, 32, "%.31s", state->party);
    } else if (rc == QP_OK) {
        qp_hex_encode(hex, qp_span_of(key->bytes, sizeof key->bytes));
        snprintf(issuer, 32, "key %.12s...", hex);
    }
    return rc;
}

enum qp_code reader_entry(struct reader *reader, uint64_t index, struct reader_entry *entry,
                          struct qp_err *err)
{
    Qp__Entry *decoded = NULL;
    Qp__Statement *statement = NULL;
    struct qp_public_key key;
    reader->entry_bytes.len = 0;
    qp_arena_reset(&reader->entry_arena);
    enum qp_code rc = qp_log_entry(reader->log, index, &reader->entry_bytes, err);
    if (rc == QP_OK) {
        rc =
            qp_entry_decode(qp_span_buf(&reader->entry_bytes), &reader->entry_arena, &decoded, err);
    }
    if (rc == QP_OK) {
        rc = qp_statement_decode(qp_span_bytes(decoded->statement), &reader->entry_arena,
                                 &statement, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    memcpy(key.bytes, statement->issuer.data, sizeof key.bytes);
    rc = reader_issuer(reader, &key, entry->issuer, err);
    qp_hash_leaf(&entry->leaf, qp_span_buf(&reader->entry_bytes));
    entry->entry = decoded;
    entry->statement = statement;
    return rc;
}

enum qp_code reader_event(struct reader *reader, uint64_t index, uint32_t position,
                          const Qp__Event **event, struct qp_err *err)
{
    Qp__Event *decoded = NULL;
    reader->event_bytes.len = 0;
    qp_arena_reset(&reader->event_arena);
    enum qp_code rc = qp_log_event(reader->log, index, position, &reader->event_bytes, err);
    if (rc == QP_OK) {
        rc =
            qp_event_decode(qp_span_buf(&reader->event_bytes), &reader->event_arena, &decoded, err);
    }
    if (rc == QP_OK) {
        *event = decoded;
    }
    return rc;
}

enum qp_code reader_entry_json(const struct reader_entry *entry, json_t **json, struct qp_err *err)
{
    json_t *whole = NULL;
    json_t *statement = NULL;
    char leaf[65];
    qp_hash_hex(leaf, &entry->leaf);
    enum qp_code rc = qp_json_encode(&qp_rule_entry, entry->entry, &whole, err);
    if (rc == QP_OK) {
        rc = qp_json_encode(&qp_rule_statement, entry->statement, &statement, err);
    }
    /* Index 0 is a default of the format and would be left out. */
    if (rc == QP_OK &&
        (json_object_set_new(whole, "index", json_integer((json_int_t)entry->entry->index)) != 0 ||
         json_object_set_new(whole, "leaf", json_string(leaf)) != 0 ||
         json_object_set_new(whole, "party", json_string(entry->issuer)) != 0 ||
         json_object_set(whole, "statement", statement) != 0)) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory to write an entry");
    }
    json_decref(statement);
    if (rc != QP_OK) {
        json_decref(whole);
        return rc;
    }
    *json = whole;
    return QP_OK;
}
