#include "host/clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t which)
{
    struct timespec now;
    if (clock_gettime(which, &now) != 0 || now.tv_sec < 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t qp_now_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t qp_ticks_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
