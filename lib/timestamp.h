/* SPDX-License-Identifier: ISC */
/* Moments: int64_t milliseconds since 1970 in UTC, and their text in ISO 8601 as RFC 3339 (§5.6)
 * narrows it. Computed here, because gmtime() asks the file system for the time zone. */
#ifndef CLAVIGER_TIMESTAMP_H
#define CLAVIGER_TIMESTAMP_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMESTAMP_TEXT_SIZE = sizeof("2026-11-24T12:34:56.789Z") };

/* Later than every moment; what "never expires" is called. */
#define TIMESTAMP_NEVER INT64_MAX
/* The end of the year 9999, the last moment that has a text. */
#define TIMESTAMP_LAST INT64_C(253402300799999)

/** The wall clock. Only the edges of the program ask it; inside, "now" is an argument. */
NODISCARD int64_t timestamp_now(void);
/** Milliseconds of CLOCK_MONOTONIC, for durations and throttles. */
NODISCARD int64_t timestamp_monotonic(void);

/** Writes "YYYY-MM-DDThh:mm:ss.sssZ" and a NUL; moments outside 1970 to 9999 are clamped. */
void timestamp_format(int64_t moment, char text[static TIMESTAMP_TEXT_SIZE]);

/** Reads an RFC 3339 date-time with zone, a fraction cut to milliseconds. False, *MOMENT
 *  untouched, for anything else: leap seconds, 24:00, days a month does not have, a small t or z,
 *  years beyond 1970 to 9999 after conversion to UTC. */
NODISCARD bool timestamp_parse(const char *text, size_t length, int64_t *moment);

#endif
