/* Host: the clock. */
#ifndef QP_HOST_CLOCK_H
#define QP_HOST_CLOCK_H

#include <stdint.h>

/* UTC milliseconds since 1970 by the system's clock, which somebody may have set wrongly; 0 when it
 * stands before 1970. */
uint64_t qp_now_ms(void);
/* Milliseconds of a clock that never goes back; for measuring only. */
uint64_t qp_ticks_ms(void);
/* Let others have the machine for a while. */
void qp_sleep_ms(uint64_t ms);

#endif
