/* Memory: one door for every allocation, so that a test can fail the Nth one.
 *
 * qp_alloc_fail_after is there only in builds with QP_TESTING; it counts allocations of the
 * whole process. */
#ifndef QP_CORE_ALLOC_H
#define QP_CORE_ALLOC_H

#include <quipu/bytes.h>

/* Uninitialised memory of 1 or more bytes, or NULL. Free with qp_free. */
void *qp_alloc(size_t size_bytes);
/* Zeroed array; NULL when count * size_bytes overflows. */
void *qp_alloc_zero(size_t count, size_t size_bytes);
/* As realloc: on NULL the old block still stands. */
void *qp_realloc(void *block, size_t size_bytes);
void qp_free(void *block); /* NULL is allowed */
/* Guarded memory for secrets (libsodium's): locked as far as the system allows, left out of core
 * dumps, between inaccessible pages. NULL when there is none. Free, and wipe, with qp_free_secret.
 */
void *qp_alloc_secret(size_t size_bytes);
void qp_free_secret(void *block); /* NULL is allowed */
/* NUL-terminated copy, or NULL. */
char *qp_copy_text(const char *text);

#ifdef QP_TESTING
/* The allocation after `count` more successful ones fails, and every one behind it, until called
 * with UINT64_MAX. */
void qp_alloc_fail_after(uint64_t count);
/* Allocations asked for since the process began. */
uint64_t qp_alloc_count(void);
#endif

/* Arena: many small blocks, freed at once. Blocks are aligned for any type. All zeros, with
 * limit_bytes set, is an empty arena. */
struct qp_arena_chunk;
struct qp_arena {
    struct qp_arena_chunk *chunk; /* newest */
    size_t used;                  /* in the newest chunk */
    size_t total_bytes;           /* handed out since the last reset */
    size_t limit_bytes;           /* 0: no limit */
    size_t grown_bytes;           /* size of the newest chunk for many blocks; 0: there was none */
};

void qp_arena_init(struct qp_arena *arena, size_t limit_bytes);
/* NULL when there is no memory or the limit is reached. size 0 gives a valid pointer. */
void *qp_arena_alloc(struct qp_arena *arena, size_t size_bytes);
/* Zeroed array; NULL also when count * size_bytes overflows. */
void *qp_arena_alloc_zero(struct qp_arena *arena, size_t count, size_t size_bytes);
/* NUL-terminated copy of the bytes. */
char *qp_arena_text(struct qp_arena *arena, struct qp_span text);
/* printf into the arena; NULL when there is no memory. */
char *qp_arena_printf(struct qp_arena *arena, const char *format, ...) QP_PRINTF(2, 3);
/* Forget all blocks, keep the largest chunk for use again. */
void qp_arena_reset(struct qp_arena *arena);
void qp_arena_wipe(struct qp_arena *arena);

#endif
