#include "core/alloc.h"

#include "core/check.h"

#include <sodium.h>

#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef QP_TESTING
/* Atomic, since threads allocate; limits are for tests with one thread. */
static _Atomic uint64_t asked;
static _Atomic uint64_t allowed = UINT64_MAX;

void qp_alloc_fail_after(uint64_t count)
{
    allowed = count;
}

uint64_t qp_alloc_count(void)
{
    return asked;
}

static bool may_allocate(void)
{
    asked++;
    uint64_t left = allowed;
    while (left != UINT64_MAX && left != 0 &&
           !atomic_compare_exchange_weak(&allowed, &left, left - 1)) {
    }
    return left != 0;
}
#else
static bool may_allocate(void)
{
    return true;
}
#endif

void *qp_alloc(size_t size_bytes)
{
    QP_ASSERT(size_bytes > 0);
    return may_allocate() ? malloc(size_bytes) : NULL;
}

void *qp_alloc_zero(size_t count, size_t size_bytes)
{
    QP_ASSERT(count > 0 && size_bytes > 0);
    return may_allocate() ? calloc(count, size_bytes) : NULL;
}

void *qp_realloc(void *block, size_t size_bytes)
{
    QP_ASSERT(size_bytes > 0);
    return may_allocate() ? realloc(block, size_bytes) : NULL;
}

void qp_free(void *block)
{
    free(block);
}

void *qp_alloc_secret(size_t size_bytes)
{
    QP_ASSERT(size_bytes > 0);
    return may_allocate() ? sodium_malloc(size_bytes) : NULL;
}

void qp_free_secret(void *block)
{
    sodium_free(block); /* opens it, wipes it, looks after its guards */
}

char *qp_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = qp_alloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

/* Chunks are linked from newest to oldest; blocks follow the header. */
struct qp_arena_chunk {
    struct qp_arena_chunk *older;
    size_t size;
    alignas(max_align_t) uint8_t bytes[];
};

#define CHUNK_BYTES ((size_t)16 * 1024)
#define CHUNK_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* A larger block has a chunk of its own. */
#define BLOCK_BYTES_MAX ((size_t)128 * 1024)

void qp_arena_init(struct qp_arena *arena, size_t limit_bytes)
{
    *arena = (struct qp_arena){.limit_bytes = limit_bytes};
}

/* Each chunk doubles the last, so that an arena of any size has few of them; but a large block does
 * not swell those after it, or what is left of them would be as much again as what is used. */
static struct qp_arena_chunk *new_chunk(struct qp_arena *arena, size_t block_bytes)
{
    size_t size = arena->grown_bytes == 0 ? CHUNK_BYTES : 2 * arena->grown_bytes;
    size_t whole = 0;
    size = size > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : size;
    size = size < block_bytes || block_bytes > BLOCK_BYTES_MAX ? block_bytes : size;
    if (!qp_add_size(size, sizeof(struct qp_arena_chunk), &whole)) {
        return NULL;
    }
    struct qp_arena_chunk *chunk = qp_alloc(whole);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->size = size;
    if (block_bytes <= BLOCK_BYTES_MAX) {
        arena->grown_bytes = size;
    }
    return chunk;
}

void *qp_arena_alloc(struct qp_arena *arena, size_t size_bytes)
{
    size_t size = 0;
    size_t total = 0;
    if (!qp_add_size(size_bytes, alignof(max_align_t) - 1, &size)) {
        return NULL;
    }
    size -= size % alignof(max_align_t);
    if (size == 0) {
        size = alignof(max_align_t);
    }
    if (!qp_add_size(arena->total_bytes, size, &total) ||
        (arena->limit_bytes != 0 && total > arena->limit_bytes)) {
        return NULL;
    }
    if (arena->chunk == NULL || arena->chunk->size - arena->used < size) {
        struct qp_arena_chunk *chunk = new_chunk(arena, size);
        if (chunk == NULL) {
            return NULL;
        }
        if (size > BLOCK_BYTES_MAX && arena->chunk != NULL) {
            /* It is full; the newest, behind which it stands, goes on being filled. */
            chunk->older = arena->chunk->older;
            arena->chunk->older = chunk;
            arena->total_bytes = total;
            return chunk->bytes;
        }
        chunk->older = arena->chunk;
        arena->chunk = chunk;
        arena->used = 0;
    }
    void *block = arena->chunk->bytes + arena->used;
    arena->used += size;
    arena->total_bytes = total;
    return block;
}

void *qp_arena_alloc_zero(struct qp_arena *arena, size_t count, size_t size_bytes)
{
    size_t size = 0;
    if (!qp_mul_size(count, size_bytes, &size)) {
        return NULL;
    }
    void *block = qp_arena_alloc(arena, size);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

char *qp_arena_text(struct qp_arena *arena, struct qp_span text)
{
    size_t size = 0;
    if (!qp_add_size(text.len, 1, &size)) {
        return NULL;
    }
    char *copy = qp_arena_alloc(arena, size);
    if (copy != NULL) {
        if (text.len > 0) {
            memcpy(copy, text.data, text.len);
        }
        copy[text.len] = '\0';
    }
    return copy;
}

char *qp_arena_printf(struct qp_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) {
        return NULL;
    }
    char *text = qp_arena_alloc(arena, (size_t)len + 1);
    if (text == NULL) {
        return NULL;
    }
    va_start(arguments, format);
    vsnprintf(text, (size_t)len + 1, format, arguments);
    va_end(arguments);
    return text;
}

void qp_arena_reset(struct qp_arena *arena)
{
    struct qp_arena_chunk *keep = arena->chunk;
    for (struct qp_arena_chunk *at = arena->chunk; at != NULL;) {
        struct qp_arena_chunk *older = at->older;
        if (at->size > keep->size) {
            qp_free(keep);
            keep = at;
        } else if (at != keep) {
            qp_free(at);
        }
        at = older;
    }
    if (keep != NULL) {
        keep->older = NULL;
    }
    arena->chunk = keep;
    arena->used = 0;
    arena->total_bytes = 0;
}

void qp_arena_wipe(struct qp_arena *arena)
{
    for (struct qp_arena_chunk *at = arena->chunk; at != NULL;) {
        struct qp_arena_chunk *older = at->older;
        qp_free(at);
        at = older;
    }
    qp_arena_init(arena, arena->limit_bytes);
}
