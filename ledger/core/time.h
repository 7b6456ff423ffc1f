/* Times: UTC milliseconds since 1970-01-01T00:00:00Z, and their text form (RFC 3339).
 *
 * Nothing here reads a clock. */
#ifndef QP_CORE_TIME_H
#define QP_CORE_TIME_H

#include <quipu/bytes.h>

/* 9999-12-31T23:59:59.999Z: the last time with a four-digit year. */
#define QP_TIME_MAX_MS UINT64_C(253402300799999)
#define QP_TIME_TEXT_BYTES 25 /* "2026-05-14T13:05:00.000Z" and NUL */

/* Accepts "2026-05-14" (midnight UTC), "2026-05-14T13:05Z", "…:00Z", "….123Z" and numeric offsets
 * such as "-05:00" in place of Z. Years 1970 to 9999. QP_E_INPUT. */
enum qp_code qp_time_parse(struct qp_span text, uint64_t *time_ms, struct qp_err *err) QP_MUST_USE;

/* "2026-05-14T13:05:00Z", with ".123" only when the milliseconds are not 0. time_ms is at most
 * QP_TIME_MAX_MS; a greater one is written as the greatest. */
void qp_time_format(char text[QP_TIME_TEXT_BYTES], uint64_t time_ms);

/* 2026, in UTC. */
unsigned qp_time_year(uint64_t time_ms);

/* "2026-05-14" of that moment in UTC. */
void qp_date_format(char text[QP_TIME_TEXT_BYTES], uint64_t time_ms);

#endif
