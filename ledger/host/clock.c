#include "host/clock.h"

#include <errno.h>
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

void qp_sleep_ms(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
