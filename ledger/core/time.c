#include "core/time.h"

#include <stdbool.h>
#include <stdio.h>

#define DAY_MS UINT64_C(86400000)

/* Days since 1970-01-01 of a proleptic Gregorian date: years begin in March, so that the leap day
 * is the last of its year; 400 years are 146,097 days. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = shifted / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

/* Reads exactly `digits` digits at *at and moves behind them. */
static bool read_number(struct qp_span text, size_t *at, size_t digits, int *value)
{
    if (text.len - *at < digits) {
        return false;
    }
    int number = 0;
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = text.data[*at + i];
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + (c - '0');
    }
    *at += digits;
    *value = number;
    return true;
}

static bool read_mark(struct qp_span text, size_t *at, char mark)
{
    if (*at >= text.len || text.data[*at] != (uint8_t)mark) {
        return false;
    }
    (*at)++;
    return true;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool read_date(struct qp_span text, size_t *at, int64_t *days)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 0;
    int month = 0;
    int day = 0;
    if (!read_number(text, at, 4, &year) || !read_mark(text, at, '-') ||
        !read_number(text, at, 2, &month) || !read_mark(text, at, '-') ||
        !read_number(text, at, 2, &day) || year < 1970 || month < 1 || month > 12) {
        return false;
    }
    int last = month_days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
    if (day < 1 || day > last) {
        return false;
    }
    *days = days_of(year, month, day);
    return true;
}

/* "T13:05", "T13:05:09", "T13:05:09.123", then the zone. */
static bool read_clock(struct qp_span text, size_t *at, int64_t *ms)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    int milli = 0;
    if (!read_mark(text, at, 'T') || !read_number(text, at, 2, &hour) ||
        !read_mark(text, at, ':') || !read_number(text, at, 2, &minute) || hour > 23 ||
        minute > 59) {
        return false;
    }
    if (read_mark(text, at, ':') && (!read_number(text, at, 2, &second) || second > 59)) {
        return false;
    }
    if (read_mark(text, at, '.') && !read_number(text, at, 3, &milli)) {
        return false;
    }
    int64_t clock = (((int64_t)hour * 60 + minute) * 60 + second) * 1000 + milli;
    if (read_mark(text, at, 'Z')) {
        *ms = clock;
        return true;
    }
    int sign = read_mark(text, at, '-') ? -1 : read_mark(text, at, '+') ? 1 : 0;
    int zone_hour = 0;
    int zone_minute = 0;
    if (sign == 0 || !read_number(text, at, 2, &zone_hour) || !read_mark(text, at, ':') ||
        !read_number(text, at, 2, &zone_minute) || zone_hour > 14 || zone_minute > 59) {
        return false;
    }
    *ms = clock - sign * (((int64_t)zone_hour * 60 + zone_minute) * 60000);
    return true;
}

enum qp_code qp_time_parse(struct qp_span text, uint64_t *time_ms, struct qp_err *err)
{
    size_t at = 0;
    int64_t days = 0;
    int64_t clock = 0;
    if (!read_date(text, &at, &days) || (at < text.len && !read_clock(text, &at, &clock)) ||
        at != text.len) {
        return qp_fail(err, QP_E_INPUT,
                       "not a time; write 2026-05-14, 2026-05-14T13:05:00Z or "
                       "2026-05-14T08:05:00-05:00");
    }
    int64_t time = days * (int64_t)DAY_MS + clock;
    if (time < 0 || (uint64_t)time > QP_TIME_MAX_MS) {
        return qp_fail(err, QP_E_INPUT, "a time outside the years 1970 to 9999");
    }
    *time_ms = (uint64_t)time;
    return QP_OK;
}

unsigned qp_time_year(uint64_t time_ms)
{
    int year = 0;
    int month = 0;
    int day = 0;
    uint64_t time = time_ms > QP_TIME_MAX_MS ? QP_TIME_MAX_MS : time_ms;
    date_of((int64_t)(time / DAY_MS), &year, &month, &day);
    return (unsigned)year;
}

void qp_date_format(char text[QP_TIME_TEXT_BYTES], uint64_t time_ms)
{
    int year = 0;
    int month = 0;
    int day = 0;
    uint64_t time = time_ms > QP_TIME_MAX_MS ? QP_TIME_MAX_MS : time_ms;
    date_of((int64_t)(time / DAY_MS), &year, &month, &day);
    snprintf(text, QP_TIME_TEXT_BYTES, "%04u-%02u-%02u", (unsigned)year % 10000,
             (unsigned)month % 100, (unsigned)day % 100);
}

void qp_time_format(char text[QP_TIME_TEXT_BYTES], uint64_t time_ms)
{
    uint64_t time = time_ms > QP_TIME_MAX_MS ? QP_TIME_MAX_MS : time_ms;
    uint32_t clock = (uint32_t)(time % DAY_MS);
    char date[QP_TIME_TEXT_BYTES];
    qp_date_format(date, time);
    unsigned hour = clock / 3600000 % 24;
    unsigned minute = clock / 60000 % 60;
    unsigned second = clock / 1000 % 60;
    unsigned milli = clock % 1000;
    if (milli == 0) {
        snprintf(text, QP_TIME_TEXT_BYTES, "%.10sT%02u:%02u:%02uZ", date, hour, minute, second);
    } else {
        snprintf(text, QP_TIME_TEXT_BYTES, "%.10sT%02u:%02u:%02u.%03uZ", date, hour, minute, second,
                 milli);
    }
}
