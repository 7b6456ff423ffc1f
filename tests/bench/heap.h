/* How much memory a piece of the program has at most at one time: every allocation is counted, also
 * those of the libraries. A program includes this once, in its one file. Under a sanitizer, which
 * has an allocator of its own, nothing is counted and heap_peak() is 0. */
#ifndef QP_TESTS_BENCH_HEAP_H
#define QP_TESTS_BENCH_HEAP_H

#include <malloc.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_UNCOUNTED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_UNCOUNTED 1
#endif

static size_t heap_now;
static size_t heap_most;
static size_t heap_base;

static inline void heap_begin(void)
{
    heap_base = heap_now;
    heap_most = heap_now;
}

static inline size_t heap_peak(void)
{
    return heap_most - heap_base;
}

#ifndef HEAP_UNCOUNTED
/* glibc's own, under the names that it keeps for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static inline void *heap_add(void *block)
{
    heap_now += block != NULL ? malloc_usable_size(block) : 0;
    heap_most = heap_now > heap_most ? heap_now : heap_most;
    return block;
}

void *malloc(size_t size)
{
    return heap_add(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return heap_add(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    size_t before = block != NULL ? malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    if (moved != NULL || size == 0) {
        heap_now -= before;
    }
    return heap_add(moved);
}

void free(void *block)
{
    heap_now -= block != NULL ? malloc_usable_size(block) : 0;
    __libc_free(block);
}
#endif

#endif
