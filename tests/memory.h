/* Looking for bytes in the memory of a process, its own included.
 *
 * What is looked for is kept masked, so that the search does not find itself. Memory that cannot be
 * read, as libsodium's guarded blocks between uses, is not looked at, nor is what the sanitizers
 * reserve by the terabyte. Linux only; other processes may be closed to the caller. */
#ifndef QP_TESTS_MEMORY_H
#define QP_TESTS_MEMORY_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define MEMORY_MASK 0xa5
#define MEMORY_PAGE ((uint64_t)4096)
#define MEMORY_PAGES 256 /* looked at in one step */

struct memory_needle {
    size_t len;
    uint8_t masked[256];
};

/* A process that is looked into. `own` takes a step's bytes, and is not looked at itself. */
struct memory_search {
    const struct memory_needle *needles;
    size_t count;
    int mem;
    int pagemap; /* which pages are there: sanitizers reserve terabytes and use little */
    bool self;
    uint8_t *own;
};

static inline void memory_mask(struct memory_needle *needle, const volatile void *bytes, size_t len)
{
    needle->len = len;
    for (size_t i = 0; i < len; i++) {
        needle->masked[i] = ((const volatile uint8_t *)bytes)[i] ^ MEMORY_MASK;
    }
}

static inline bool memory_holds(const uint8_t *bytes, size_t len,
                                const struct memory_needle *needle)
{
    uint8_t first = needle->masked[0] ^ MEMORY_MASK;
    for (size_t at = 0; at + needle->len <= len; at++) {
        const uint8_t *next = memchr(bytes + at, first, len - needle->len - at + 1);
        if (next == NULL) {
            break;
        }
        at = (size_t)(next - bytes);
        size_t same = 1;
        while (same < needle->len && (next[same] ^ MEMORY_MASK) == needle->masked[same]) {
            same++;
        }
        if (same == needle->len) {
            return true;
        }
    }
    return false;
}

static inline bool memory_page_is_there(const struct memory_search *search, uint64_t entry,
                                        uint64_t address)
{
    uint64_t mine = (uint64_t)(uintptr_t)search->own;
    bool own = search->self && address >= mine && address < mine + MEMORY_PAGES * MEMORY_PAGE;
    return !own && (entry >> 62) != 0; /* in memory, or in swap */
}

static inline int memory_which(const struct memory_search *search, size_t len)
{
    for (size_t i = 0; i < search->count; i++) {
        if (memory_holds(search->own, len, &search->needles[i])) {
            return (int)i + 1;
        }
    }
    return 0;
}

/* One region; steps overlap by a page, in which a needle may begin. */
static inline int memory_region(const struct memory_search *search, uint64_t from, uint64_t to)
{
    uint64_t entries[MEMORY_PAGES];
    for (uint64_t at = from; at < to; at += (MEMORY_PAGES - 1) * MEMORY_PAGE) {
        size_t pages = (size_t)((to - at) / MEMORY_PAGE);
        pages = pages < MEMORY_PAGES ? pages : MEMORY_PAGES;
        if (pread(search->pagemap, entries, 8 * pages, (off_t)(at / MEMORY_PAGE * 8)) !=
            (ssize_t)(8 * pages)) {
            continue;
        }
        for (size_t begin = 0, end = 0; begin < pages; begin = end + 1) {
            end = begin;
            while (end < pages &&
                   memory_page_is_there(search, entries[end], at + end * MEMORY_PAGE)) {
                end++;
            }
            size_t len = (end - begin) * MEMORY_PAGE;
            if (len > 0 &&
                pread(search->mem, search->own, len, (off_t)(at + begin * MEMORY_PAGE)) ==
                    (ssize_t)len &&
                memory_which(search, len) != 0) {
                return memory_which(search, len);
            }
        }
    }
    return 0;
}

static inline int memory_open(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Which needle stands in what the process can write, from 1? 0: none; -1: it may not be looked
 * into. */
static inline int memory_find(pid_t pid, const struct memory_needle *needles, size_t count)
{
    char line[512];
    struct memory_search search = {.needles = needles, .count = count, .self = pid == getpid()};
    int maps_fd = memory_open(pid, "maps");
    FILE *maps = maps_fd >= 0 ? fdopen(maps_fd, "r") : NULL;
    search.mem = memory_open(pid, "mem");
    search.pagemap = memory_open(pid, "pagemap");
    search.own = aligned_alloc(MEMORY_PAGE, MEMORY_PAGES * MEMORY_PAGE);
    int found =
        maps != NULL && search.mem >= 0 && search.pagemap >= 0 && search.own != NULL ? 0 : -1;
    while (found == 0 && fgets(line, sizeof line, maps) != NULL) {
        uint64_t from = 0;
        uint64_t to = 0;
        char may[8] = "";
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, may) == 3 && may[0] == 'r' &&
            may[1] == 'w' && to - from <= (uint64_t)1 << 28) {
            found = memory_region(&search, from, to);
        }
    }
    if (search.own != NULL) {
        memset(search.own, 0, MEMORY_PAGES * MEMORY_PAGE);
    }
    free(search.own);
    if (maps != NULL) {
        fclose(maps);
    }
    (void)close(search.mem);
    (void)close(search.pagemap);
    return found;
}

#endif
