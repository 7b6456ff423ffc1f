#include "log/book.h"

#include "core/check.h"
#include "core/time.h"
#include "log/keys.h"
#include "rules/fork.h"

#include <quipu/log.h>

#include <string.h>

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to admit statements");
}

/* ---- The state below the group's overlay ---- */

static enum qp_code below_get(void *context, struct qp_span key, struct qp_span *record,
                              struct qp_err *err)
{
    struct qp_book *book = context;
    enum qp_code rc = qp_store_get(book->store, QP_TABLE_STATE, key, record, err);
    if (rc == QP_E_NOT_FOUND) {
        *record = qp_span_of(NULL, 0);
        return QP_OK;
    }
    return rc;
}

static enum qp_code below_put(void *context, struct qp_span key, struct qp_span record,
                              struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)record;
    return qp_fail(err, QP_E_USAGE, "the state below the overlay is only read");
}

/* The pending record with this statement, or NULL. Newest first: references mostly go there. */
static const struct qp_pending *find_pending(const struct qp_book *book,
                                             const struct qp_public_key *issuer, uint64_t sequence)
{
    for (size_t i = book->pending_count; i > 0; i--) {
        const struct qp_record *record = book->pending[i - 1].record;
        if (record->statement->sequence == sequence && qp_public_key_eq(&record->issuer, issuer)) {
            return &book->pending[i - 1];
        }
    }
    return NULL;
}

static uint64_t pending_index(const struct qp_book *book, const struct qp_pending *pending)
{
    return book->size - book->pending_count + (uint64_t)(pending - book->pending);
}

static enum qp_code below_event(void *context, const Qp__EventReference *reference,
                                struct qp_span *event, Qp__EventPlace *place, struct qp_err *err)
{
    struct qp_book *book = context;
    struct qp_public_key issuer;
    memcpy(issuer.bytes, reference->issuer.data, sizeof issuer.bytes);
    uint64_t index = 0;
    struct qp_span bytes = {0};
    struct qp_hash hash;
    enum qp_code rc = qp_chain_get(book->store, &issuer, reference->sequence, &index, err);
    if (rc == QP_OK) {
        struct qp_row_key key = qp_key_event(index, reference->position);
        rc = qp_store_get(book->truth, QP_TABLE_EVENTS, qp_row_key_span(&key), &bytes, err);
    } else if (rc == QP_E_NOT_FOUND) {
        const struct qp_pending *pending = find_pending(book, &issuer, reference->sequence);
        if (pending != NULL && reference->position < pending->record->event_count) {
            index = pending_index(book, pending);
            bytes = qp_span_bytes(pending->record->event_bytes[reference->position]);
            rc = QP_OK;
        }
    }
    if (rc == QP_OK) {
        struct qp_hash named = qp_bytes_hash(reference->event);
        qp_hash_leaf(&hash, bytes);
        rc = qp_hash_eq(&hash, &named) ? QP_OK : QP_E_NOT_FOUND;
    }
    if (rc == QP_E_NOT_FOUND) {
        char key[65];
        qp_hex_encode(key, qp_span_of(issuer.bytes, sizeof issuer.bytes));
        return qp_fail(err, QP_E_NOT_FOUND,
                       "event %u of statement %llu of key %.16s… is not in the ledger, or is "
                       "another one than the reference says",
                       reference->position, (unsigned long long)reference->sequence, key);
    }
    if (rc == QP_OK) {
        *event = bytes;
        place->index = index;
        place->position = reference->position;
    }
    return rc;
}

/* ---- Life ---- */

enum qp_code qp_book_new(struct qp_store *store, struct qp_store *truth,
                         struct qp_tile_cache *cache, struct qp_book **book, struct qp_err *err)
{
    struct qp_book *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    made->store = store;
    made->truth = truth;
    made->cache = cache;
    made->below = (struct qp_state){
        .context = made, .get = below_get, .put = below_put, .event = below_event};
    made->chains = qp_alloc_zero(1, sizeof *made->chains);
    made->pending = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof *made->pending);
    made->issued = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof *made->issued);
    enum qp_code rc = made->chains == NULL || made->pending == NULL || made->issued == NULL
                          ? no_memory(err)
                          : QP_OK;
    rc = rc == QP_OK ? qp_state_map_new(&made->below, &made->state, err) : rc;
    rc = rc == QP_OK ? qp_book_reload(made, err) : rc;
    if (rc != QP_OK) {
        qp_book_free(made);
        return rc;
    }
    *book = made;
    return QP_OK;
}

void qp_book_free(struct qp_book *book)
{
    if (book == NULL) {
        return;
    }
    qp_state_map_free(book->state);
    qp_tiles_wipe(&book->tiles);
    qp_rule_memo_wipe(&book->memo);
    qp_arena_wipe(&book->arena);
    qp_arena_wipe(&book->scratch);
    qp_free(book->chains);
    qp_free(book->pending);
    qp_free(book->issued);
    qp_free(book->edges);
    qp_free(book->vault);
    qp_free(book);
}

static void clear_group(struct qp_book *book)
{
    qp_chains_clear(book->chains);
    qp_state_map_clear(book->state);
    qp_tiles_written(&book->tiles);
    book->edge_count = 0;
    book->vault_count = 0;
}

void qp_book_done(struct qp_book *book)
{
    clear_group(book);
    book->pending_count = 0;
    qp_arena_reset(&book->arena);
}

enum qp_code qp_store_entries(struct qp_store *store, uint64_t *size, struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    enum qp_code rc = qp_cursor_open(store, QP_TABLE_ENTRIES, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_below(cursor, qp_span_of(NULL, 0), &row, err) : rc;
    if (rc == QP_OK) {
        *size = row.found && row.key.len == 8 ? qp_load_be64(row.key.data) + 1 : 0;
    }
    qp_cursor_close(cursor);
    return rc;
}

/* Leaf, time and ledger of the last entry in the store. */
static enum qp_code load_last(struct qp_book *book, struct qp_err *err)
{
    struct qp_row_key key = qp_key_number(book->size - 1);
    struct qp_span row = {0};
    Qp__Entry *entry = NULL;
    Qp__Statement *statement = NULL;
    enum qp_code rc = qp_store_get(book->store, QP_TABLE_ENTRIES, qp_row_key_span(&key), &row, err);
    rc = rc == QP_OK ? qp_entry_decode(row, &book->scratch, &entry, err) : rc;
    rc = rc == QP_OK
             ? qp_statement_decode(qp_span_bytes(entry->statement), &book->scratch, &statement, err)
             : rc;
    if (rc == QP_E_NOT_FOUND || rc == QP_E_INPUT) {
        rc = qp_fail(err, QP_E_STORE, "entry %llu, the last one, cannot be read; run an audit",
                     (unsigned long long)book->size - 1);
    }
    if (rc == QP_OK) {
        QP_ASSERT(statement != NULL);
        qp_hash_leaf(&book->last_leaf, row);
        book->last_ms = entry->admitted_ms;
        book->ledger_id = qp_bytes_hash(statement->ledger_id);
    }
    qp_arena_reset(&book->scratch);
    return rc;
}

enum qp_code qp_book_reload(struct qp_book *book, struct qp_err *err)
{
    qp_book_done(book);
    book->last_leaf = (struct qp_hash){{0}};
    book->last_ms = 0;
    enum qp_code rc = qp_store_entries(book->store, &book->size, err);
    rc = rc == QP_OK ? qp_tiles_load(&book->tiles, book->cache, book->size, err) : rc;
    return rc == QP_OK && book->size > 0 ? load_last(book, err) : rc;
}

/* ---- Admission ---- */

static enum qp_code check_time(const struct qp_record *record, const Qp__Event *event,
                               uint64_t admitted_ms, struct qp_err *err)
{
    uint64_t time_ms = event == NULL ? record->statement->issued_ms : event->occurred_ms;
    if (time_ms > admitted_ms && time_ms - admitted_ms > DAY_MS) {
        char text[QP_TIME_TEXT_BYTES];
        char now[QP_TIME_TEXT_BYTES];
        qp_time_format(text, time_ms);
        qp_time_format(now, admitted_ms);
        return qp_refuse(err, "QP-TIME-FUTURE",
                         "%s at %s, but the log's clock says %s; check the clock of the machine "
                         "that signed",
                         event == NULL ? "it was signed" : "it happened", text, now);
    }
    return QP_OK;
}

/* The first statement opens the ledger, and no other does. */
static enum qp_code check_opening(const struct qp_book *book, const struct qp_record *record,
                                  const Qp__Event *event, size_t position, struct qp_err *err)
{
    bool opens = event->body_case == QP__EVENT__BODY_LEDGER_OPENED;
    if (book->size > 0) {
        return opens ? qp_refuse(err, "QP-OPEN", "this ledger is open since its entry 0") : QP_OK;
    }
    struct qp_hash named = qp_bytes_hash(record->statement->ledger_id);
    if (!opens || record->event_count != 1 || position != 0 || record->statement->sequence != 0) {
        return qp_refuse(
            err, "QP-OPEN",
            "the first statement of a ledger has one event, its opening, and no other");
    }
    if (!qp_hash_eq(&named, &record->event_ids[0])) {
        return qp_refuse(err, "QP-OPEN", "the statement's ledger is not the id of the opening");
    }
    struct qp_span operator_key = qp_span_bytes(event->ledger_opened->operator_->key);
    if (!qp_span_eq(operator_key, qp_span_of(record->issuer.bytes, sizeof record->issuer.bytes))) {
        return qp_refuse(err, "QP-OPEN", "the opening is not signed with the operator's key");
    }
    return QP_OK;
}

static bool is_refusal(enum qp_code rc)
{
    return rc == QP_E_REFUSED || rc == QP_E_INVALID || rc == QP_E_INPUT || rc == QP_E_NOT_FOUND ||
           rc == QP_E_USAGE;
}

/* Where memory fails, a warning is lost; whatever comes next fails in its place. */
static void note_warning(void *context, const char *text)
{
    struct qp_book *book = context;
    if (book->warning_count == 0) {
        book->warnings = qp_arena_alloc(&book->arena, QP_WARNINGS_MAX * sizeof *book->warnings);
    }
    if (book->warning_count < QP_WARNINGS_MAX && book->warnings != NULL) {
        const char *copy = qp_arena_text(&book->arena, qp_span_text(text));
        book->warnings[book->warning_count] = copy != NULL ? copy : "";
    }
    book->warning_count += book->warnings != NULL;
}

static enum qp_code judge_event(struct qp_book *book, const struct qp_record *record,
                                size_t position, uint64_t admitted_ms, struct qp_err *err)
{
    const Qp__Event *event = NULL;
    struct qp_state state = qp_state_map_state(book->state);
    struct qp_rule_context context = {.ledger_id = book->ledger_id,
                                      .issuer = record->issuer,
                                      .event_id = record->event_ids[position],
                                      .index = book->size,
                                      .position = (uint32_t)position,
                                      .admitted_ms = admitted_ms,
                                      .memo = &book->memo,
                                      .warn = note_warning,
                                      .warn_context = book};
    qp_arena_reset(&book->scratch);
    enum qp_code rc = qp_record_event(record, position, &book->scratch, &event, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = check_opening(book, record, event, position, err);
    rc = rc == QP_OK ? check_time(record, event, admitted_ms, err) : rc;
    rc = rc == QP_OK ? qp_rules_apply(&context, event, &state, &book->scratch, err) : rc;
    if (is_refusal(rc)) {
        return qp_prefix(err, rc, "event %zu (%s)", position, qp_event_name(event->body_case));
    }
    return rc;
}

/* Room for one more in an array that is kept from group to group. */
static enum qp_code make_room(void **array, size_t count, size_t *capacity, size_t size,
                              struct qp_err *err)
{
    if (count < *capacity) {
        return QP_OK;
    }
    size_t next = *capacity == 0 ? 256 : 2 * *capacity;
    void *grown = qp_realloc(*array, next * size);
    if (grown == NULL) {
        return no_memory(err);
    }
    *array = grown;
    *capacity = next;
    return QP_OK;
}

struct edge_job {
    struct qp_book *book;
    const Qp__Event *event;
    uint32_t position;
};

static enum qp_code add_edge(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct edge_job *job = context;
    struct qp_book *book = job->book;
    struct qp_row_key key = qp_key_edge(edge, book->size, job->position);
    void *rows = book->edges;
    enum qp_code rc =
        make_room(&rows, book->edge_count, &book->edge_capacity, sizeof *book->edges, err);
    book->edges = rows;
    uint8_t *copy = rc == QP_OK ? qp_arena_alloc(&book->arena, key.len + 1) : NULL;
    if (copy == NULL) {
        return no_memory(err);
    }
    memcpy(copy, key.bytes, key.len);
    copy[key.len] = (uint8_t)job->event->body_case;
    book->edges[book->edge_count++] =
        (struct qp_order_row){.key = copy, .key_len = (uint32_t)key.len, .item = copy + key.len};
    return QP_OK;
}

/* A voiding concerns the lots of the event that it voids, so that whoever follows a lot meets it.
 */
static enum qp_code add_voided_edges(struct edge_job *job, struct qp_err *err)
{
    struct qp_book *book = job->book;
    struct qp_state state = qp_state_map_state(book->state);
    struct qp_span bytes = {0};
    Qp__EventPlace place = QP__EVENT_PLACE__INIT;
    Qp__Event *voided = NULL;
    enum qp_code rc =
        state.event(state.context, job->event->event_voided->event, &bytes, &place, err);
    uint8_t *copy = rc == QP_OK ? qp_arena_alloc(&book->scratch, bytes.len) : NULL;
    if (copy == NULL) {
        return rc == QP_OK ? no_memory(err) : rc;
    }
    memcpy(copy, bytes.data, bytes.len);
    rc = qp_event_decode(qp_span_of(copy, bytes.len), &book->scratch, &voided, err);
    return rc == QP_OK ? qp_voided_edges(voided, add_edge, job, err) : rc;
}

static enum qp_code add_edges(struct qp_book *book, const struct qp_record *record,
                              struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < record->event_count && rc == QP_OK; i++) {
        struct edge_job job = {.book = book, .position = (uint32_t)i};
        qp_arena_reset(&book->scratch);
        rc = qp_record_event(record, i, &book->scratch, &job.event, err);
        rc = rc == QP_OK ? qp_event_edges(job.event, add_edge, &job, err) : rc;
        if (rc == QP_OK && job.event->body_case == QP__EVENT__BODY_EVENT_VOIDED) {
            rc = add_voided_edges(&job, err);
        } else if (rc == QP_OK && job.event->body_case == QP__EVENT__BODY_KEY_FORKED) {
            struct qp_state state = qp_state_map_state(book->state);
            rc = qp_forked_edge(job.event->key_forked, &state, &book->scratch, add_edge, &job, err);
        }
    }
    return rc;
}

/* Contents that the vault does not have yet. */
static enum qp_code add_contents(struct qp_book *book, const struct qp_record *record,
                                 uint64_t index, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < record->sealed_count && rc == QP_OK; i++) {
        struct qp_row_key key = qp_key_vault(index, &record->commitments[i]);
        struct qp_span there = {0};
        rc = qp_store_get(book->store, QP_TABLE_VAULT, qp_row_key_span(&key), &there, err);
        if (rc == QP_OK) {
            continue;
        }
        if (rc != QP_E_NOT_FOUND) {
            return rc;
        }
        void *rows = book->vault;
        rc = make_room(&rows, book->vault_count, &book->vault_capacity, sizeof *book->vault, err);
        book->vault = rows;
        if (rc == QP_OK) {
            book->vault[book->vault_count++] =
                (struct qp_vault_row){.index = index,
                                      .commitment = record->commitments[i],
                                      .content = qp_sealed_bytes(record->sealed[i])};
        }
    }
    return rc;
}

/* Where the statement of an issuer is. */
static enum qp_code add_issued(struct qp_book *book, const struct qp_record *record,
                               struct qp_err *err)
{
    struct qp_row_key key = qp_key_issuer(&record->issuer, record->statement->sequence);
    uint8_t *copy = qp_arena_alloc(&book->arena, key.len + 1 + 8);
    if (copy == NULL) {
        return no_memory(err);
    }
    memcpy(copy, key.bytes, key.len);
    copy[key.len] = (uint8_t)qp_store_short(copy + key.len + 1, book->size);
    book->issued[book->pending_count] =
        (struct qp_order_row){.key = copy, .key_len = (uint32_t)key.len, .item = copy + key.len};
    return QP_OK;
}

/* Its place, its bytes, its leaf. */
static enum qp_code add_entry(struct qp_book *book, const struct qp_record *record,
                              uint64_t admitted_ms, struct qp_err *err)
{
    Qp__Entry entry = QP__ENTRY__INIT;
    entry.index = book->size;
    entry.previous = qp_hash_bytes(&book->last_leaf);
    entry.admitted_ms = admitted_ms;
    entry.statement = qp_bytes_span(record->statement_bytes);
    entry.signature = qp_bytes_span(record->signature);
    struct qp_buf bytes = {0};
    qp_arena_reset(&book->scratch);
    enum qp_code rc = qp_wire_encode(&qp_rule_entry, &entry, &book->scratch, &bytes, err);
    struct qp_pending *pending = &book->pending[book->pending_count];
    uint8_t *copy = rc == QP_OK ? qp_arena_alloc(&book->arena, bytes.len) : NULL;
    if (rc == QP_OK && copy == NULL) {
        rc = no_memory(err);
    }
    if (copy != NULL) {
        memcpy(copy, bytes.data, bytes.len);
        *pending = (struct qp_pending){.record = record, .entry = qp_span_of(copy, bytes.len)};
        qp_hash_leaf(&pending->leaf, pending->entry);
        rc = qp_tiles_add(&book->tiles, &pending->leaf, err);
    }
    qp_buf_wipe(&bytes);
    return rc;
}

/* The statement stands in the log already, or another one with its number does, or a later one of
 * its key has given it up. */
static enum qp_code find_again(struct qp_book *book, const struct qp_record *record,
                               const struct qp_chain *chain, struct qp_admitted *admitted,
                               struct qp_err *err)
{
    uint64_t sequence = record->statement->sequence;
    uint64_t index = 0;
    struct qp_hash hash;
    enum qp_code rc = QP_E_NOT_FOUND;
    if (sequence < chain->next_written) {
        qp_arena_reset(&book->scratch);
        rc = qp_chain_get(book->store, &record->issuer, sequence, &index, err);
        rc = rc == QP_OK ? qp_chain_hash(book->truth, index, &book->scratch, &hash, err) : rc;
    } else {
        const struct qp_pending *pending = find_pending(book, &record->issuer, sequence);
        if (pending != NULL) {
            index = pending_index(book, pending);
            hash = pending->record->statement_hash;
            rc = QP_OK;
        }
    }
    if (rc == QP_E_NOT_FOUND) {
        qp_arena_reset(&book->scratch);
        return qp_chain_given_up(chain, record, book->store, book->truth, &book->scratch, err);
    }
    if (rc == QP_OK && !qp_hash_eq(&hash, &record->statement_hash)) {
        rc = qp_chain_fork(record, &hash, index, err);
    }
    rc = rc == QP_OK ? add_contents(book, record, index, err) : rc;
    if (rc == QP_OK) {
        *admitted = (struct qp_admitted){.index = index, .again = true};
    }
    return rc;
}

enum qp_code qp_book_admit(struct qp_book *book, const struct qp_record *record,
                           uint64_t admitted_ms, struct qp_admitted *admitted, struct qp_err *err)
{
    struct qp_chain *chain = NULL;
    QP_ASSERT(book->pending_count < QP_GROUP_RECORDS_MAX && admitted_ms >= book->last_ms);
    qp_arena_reset(&book->scratch);
    enum qp_code rc = qp_chains_find(book->chains, book->store, book->truth, &record->issuer,
                                     &book->scratch, &chain, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (record->statement->sequence < chain->next) {
        return find_again(book, record, chain, admitted, err);
    }
    rc = qp_chain_follow(chain, record, err);
    rc = rc == QP_OK ? check_time(record, NULL, admitted_ms, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    book->warning_count = 0;
    qp_state_map_mark(book->state);
    for (size_t i = 0; i < record->event_count && rc == QP_OK; i++) {
        rc = judge_event(book, record, i, admitted_ms, err);
    }
    if (rc != QP_OK) {
        qp_state_map_rollback(book->state);
        return rc;
    }
    rc = add_edges(book, record, err);
    rc = rc == QP_OK ? add_contents(book, record, book->size, err) : rc;
    rc = rc == QP_OK ? add_issued(book, record, err) : rc;
    rc = rc == QP_OK ? add_entry(book, record, admitted_ms, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    if (book->size == 0) {
        book->ledger_id = record->event_ids[0];
    }
    *admitted = (struct qp_admitted){
        .index = book->size, .warnings = book->warnings, .warning_count = book->warning_count};
    book->last_leaf = book->pending[book->pending_count].leaf;
    book->last_ms = admitted_ms;
    book->pending_count++;
    book->size++;
    chain->next = record->statement->sequence + 1;
    chain->last = record->statement_hash;
    return QP_OK;
}

bool qp_book_pending(const struct qp_book *book)
{
    return book->pending_count > 0 || book->vault_count > 0;
}
