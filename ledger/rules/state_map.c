#include "rules/state.h"

#include "core/check.h"
#include "core/order.h"

#include <string.h>

/* A hash table of records, chained, with an undo list since the mark. Hash values come from SipHash
 * under a key that is part of the map, so that nobody who writes events chooses the chains. */

struct record {
    struct record *next;  /* in its chain */
    struct record *after; /* made after it */
    uint8_t *bytes;       /* its own block; NULL when empty */
    size_t len;
    bool changed; /* put, as opposed to read through */
    uint32_t key_len;
    uint8_t key[];
};

struct undo {
    struct record *record;
    uint8_t *bytes; /* what stood there before */
    size_t len;
    bool changed;
};

struct qp_state_map {
    const struct qp_state *below;
    struct record **chains;
    struct record *first; /* made; keys mostly come in order, and records lie in memory in it */
    struct record *last;
    struct record *found; /* last: what is put was mostly asked for just before */
    size_t chain_count;   /* a power of two */
    size_t count;
    struct qp_arena arena; /* the records; their bytes come and go, and have blocks of their own */
    struct undo *undos;
    size_t undo_count;
    size_t undo_room;
    bool marked;
    uint8_t secret[16];
};

#define CHAINS_FIRST ((size_t)256)

enum qp_code qp_state_map_new(const struct qp_state *below, struct qp_state_map **map,
                              struct qp_err *err)
{
    struct qp_state_map *made = qp_alloc_zero(1, sizeof *made);
    struct record **chains = made != NULL ? qp_alloc_zero(CHAINS_FIRST, sizeof *chains) : NULL;
    if (chains == NULL) {
        qp_free(made);
        return qp_fail(err, QP_E_MEMORY, "no memory for the state");
    }
    made->below = below;
    made->chains = chains;
    made->chain_count = CHAINS_FIRST;
    qp_random(made->secret, sizeof made->secret);
    *map = made;
    return QP_OK;
}

void qp_state_map_clear(struct qp_state_map *map)
{
    for (struct record *at = map->first; at != NULL;) {
        qp_free(at->bytes);
        at = at->after;
    }
    qp_arena_reset(&map->arena);
    map->first = map->last = map->found = NULL;
    memset(map->chains, 0, map->chain_count * sizeof *map->chains);
    for (size_t i = 0; i < map->undo_count; i++) {
        qp_free(map->undos[i].bytes);
    }
    map->undo_count = 0;
    map->marked = false;
    map->count = 0;
}

void qp_state_map_free(struct qp_state_map *map)
{
    if (map == NULL) {
        return;
    }
    qp_state_map_clear(map);
    qp_arena_wipe(&map->arena);
    qp_free(map->chains);
    qp_free(map->undos);
    qp_free(map);
}

size_t qp_state_map_count(const struct qp_state_map *map)
{
    return map->count;
}

static struct record **chain_of(struct qp_state_map *map, struct qp_span key)
{
    return &map->chains[qp_hash_short(map->secret, key) & (map->chain_count - 1)];
}

static bool has_key(const struct record *record, struct qp_span key)
{
    return record->key_len == key.len && memcmp(record->key, key.data, key.len) == 0;
}

static struct record *find(struct qp_state_map *map, struct qp_span key)
{
    if (map->found != NULL && has_key(map->found, key)) {
        return map->found;
    }
    for (struct record *at = *chain_of(map, key); at != NULL; at = at->next) {
        if (has_key(at, key)) {
            map->found = at;
            return at;
        }
    }
    return NULL;
}

/* Twice the chains once there are as many records; without memory the old ones still serve. */
static void grow(struct qp_state_map *map)
{
    struct record **chains = qp_alloc_zero(2 * map->chain_count, sizeof *chains);
    if (chains == NULL) {
        return;
    }
    qp_free(map->chains);
    map->chains = chains;
    map->chain_count *= 2;
    for (struct record *at = map->first; at != NULL; at = at->after) {
        struct record **chain = chain_of(map, qp_span_of(at->key, at->key_len));
        at->next = *chain;
        *chain = at;
    }
}

static struct record *insert(struct qp_state_map *map, struct qp_span key)
{
    if (map->count == map->chain_count) {
        grow(map);
    }
    QP_ASSERT(key.len > 0 && key.len <= QP_STATE_KEY_BYTES_MAX);
    struct record *made = qp_arena_alloc_zero(&map->arena, 1, sizeof *made + key.len);
    if (made == NULL) {
        return NULL;
    }
    made->key_len = (uint32_t)key.len;
    memcpy(made->key, key.data, key.len);
    struct record **chain = chain_of(map, key);
    made->next = *chain;
    *chain = made;
    if (map->last == NULL) {
        map->first = made;
    } else {
        map->last->after = made;
    }
    map->last = map->found = made;
    map->count++;
    return made;
}

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for a record of the state");
}

static enum qp_code copy_bytes(struct qp_span from, uint8_t **bytes, struct qp_err *err)
{
    *bytes = NULL;
    if (from.len == 0) {
        return QP_OK;
    }
    *bytes = qp_alloc(from.len);
    if (*bytes == NULL) {
        return no_memory(err);
    }
    memcpy(*bytes, from.data, from.len);
    return QP_OK;
}

static enum qp_code map_get(void *context, struct qp_span key, struct qp_span *record,
                            struct qp_err *err)
{
    struct qp_state_map *map = context;
    struct record *found = find(map, key);
    if (found == NULL && map->below != NULL) {
        struct qp_span below = {0};
        enum qp_code rc = map->below->get(map->below->context, key, &below, err);
        if (rc != QP_OK) {
            return rc;
        }
        uint8_t *bytes = NULL;
        rc = copy_bytes(below, &bytes, err);
        if (rc != QP_OK) {
            return rc;
        }
        found = insert(map, key);
        if (found == NULL) {
            qp_free(bytes);
            return no_memory(err);
        }
        found->bytes = bytes;
        found->len = below.len;
    }
    *record = found == NULL ? qp_span_of(NULL, 0) : qp_span_of(found->bytes, found->len);
    return QP_OK;
}

static enum qp_code remember(struct qp_state_map *map, struct record *record, struct qp_err *err)
{
    if (map->undo_count == map->undo_room) {
        size_t room = map->undo_room == 0 ? 64 : 2 * map->undo_room;
        struct undo *undos = qp_realloc(map->undos, room * sizeof *undos);
        if (undos == NULL) {
            return no_memory(err);
        }
        map->undos = undos;
        map->undo_room = room;
    }
    map->undos[map->undo_count++] = (struct undo){
        .record = record, .bytes = record->bytes, .len = record->len, .changed = record->changed};
    return QP_OK;
}

static enum qp_code map_put(void *context, struct qp_span key, struct qp_span record,
                            struct qp_err *err)
{
    struct qp_state_map *map = context;
    uint8_t *bytes = NULL;
    enum qp_code rc = copy_bytes(record, &bytes, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct record *found = find(map, key);
    if (found == NULL) {
        /* A record that was never asked for: without this the one below would come back on
         * rollback as an empty one. */
        struct qp_span ignored;
        rc = map_get(map, key, &ignored, err);
        found = rc == QP_OK ? find(map, key) : NULL;
        if (rc == QP_OK && found == NULL) {
            found = insert(map, key);
            rc = found != NULL ? QP_OK : no_memory(err);
        }
    }
    if (rc == QP_OK && map->marked) {
        rc = remember(map, found, err);
    } else if (rc == QP_OK) {
        qp_free(found->bytes);
    }
    if (rc != QP_OK) {
        qp_free(bytes);
        return rc;
    }
    found->bytes = bytes;
    found->len = record.len;
    found->changed = true;
    return QP_OK;
}

static enum qp_code map_event(void *context, const Qp__EventReference *reference,
                              struct qp_span *event, Qp__EventPlace *place, struct qp_err *err)
{
    struct qp_state_map *map = context;
    if (map->below == NULL) {
        return qp_fail(err, QP_E_NOT_FOUND, "the event that is referred to is not here");
    }
    return map->below->event(map->below->context, reference, event, place, err);
}

struct qp_state qp_state_map_state(struct qp_state_map *map)
{
    return (struct qp_state){.context = map, .get = map_get, .put = map_put, .event = map_event};
}

void qp_state_map_mark(struct qp_state_map *map)
{
    for (size_t i = 0; i < map->undo_count; i++) {
        qp_free(map->undos[i].bytes);
    }
    map->undo_count = 0;
    map->marked = true;
}

void qp_state_map_rollback(struct qp_state_map *map)
{
    QP_ASSERT(map->marked);
    while (map->undo_count > 0) {
        struct undo *undo = &map->undos[--map->undo_count];
        qp_free(undo->record->bytes);
        undo->record->bytes = undo->bytes;
        undo->record->len = undo->len;
        undo->record->changed = undo->changed;
    }
}

enum qp_code qp_state_map_each(struct qp_state_map *map,
                               enum qp_code (*each)(void *context, struct qp_span key,
                                                    struct qp_span record, struct qp_err *err),
                               void *context, struct qp_err *err)
{
    if (map->count == 0) {
        return QP_OK;
    }
    struct qp_order_row *rows = qp_alloc(map->count * sizeof *rows);
    if (rows == NULL) {
        return no_memory(err);
    }
    size_t count = 0;
    for (struct record *at = map->first; at != NULL; at = at->after) {
        if (at->changed) {
            rows[count++] =
                (struct qp_order_row){.key = at->key, .key_len = at->key_len, .item = at};
        }
    }
    qp_order(rows, count);
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        const struct record *record = rows[i].item;
        rc = each(context, qp_span_of(record->key, record->key_len),
                  qp_span_of(record->bytes, record->len), err);
    }
    qp_free(rows);
    return rc;
}
