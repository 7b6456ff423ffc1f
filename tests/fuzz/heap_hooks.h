/* How much memory is held at most between two moments, under AddressSanitizer, whose allocator
 * tells. Elsewhere nothing is counted and heap_peak() is 0. */
#ifndef QP_TESTS_FUZZ_HEAP_HOOKS_H
#define QP_TESTS_FUZZ_HEAP_HOOKS_H

#include <stddef.h>
#include <stdint.h>

/* gcc has no header for it. */
#if defined(__has_feature) && defined(__has_include)
#if __has_feature(address_sanitizer) && __has_include(<sanitizer/allocator_interface.h>)
#define HEAP_COUNTED 1
#endif
#endif

static int64_t heap_now;
static int64_t heap_most;

#ifdef HEAP_COUNTED
#include <sanitizer/allocator_interface.h>

static void heap_taken(const volatile void *block, size_t size)
{
    (void)block;
    heap_now += (int64_t)size;
    heap_most = heap_now > heap_most ? heap_now : heap_most;
}

static void heap_given(const volatile void *block)
{
    heap_now -= (int64_t)__sanitizer_get_allocated_size(block);
}
#endif

/* Counts from here on. */
static inline void heap_begin(void)
{
#ifdef HEAP_COUNTED
    static int installed;
    if (!installed) {
        installed = 1;
        (void)__sanitizer_install_malloc_and_free_hooks(heap_taken, heap_given);
    }
#endif
    heap_now = 0;
    heap_most = 0;
}

static inline size_t heap_peak(void)
{
    return (size_t)heap_most;
}

#endif
