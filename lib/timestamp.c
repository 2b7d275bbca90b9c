/* SPDX-License-Identifier: ISC */
#include "timestamp.h"

#include "ascii.h"

#include <time.h>

enum { MS_PER_SECOND = 1000, SECONDS_PER_MINUTE = 60, SECONDS_PER_DAY = 86400 };

static int64_t read_clock(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

int64_t timestamp_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t timestamp_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static bool is_leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of January of YEAR in the Gregorian calendar. */
static int64_t days_before_year(int64_t year)
{
	int64_t past = year - 1;

	return 365 * (year - 1970) + (past / 4 - past / 100 + past / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap_year(year));
}

static void write_digits(char *text, int64_t number, size_t width)
{
	for (size_t i = width; i > 0; i--) {
		text[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
}

void timestamp_format(int64_t moment, char text[static TIMESTAMP_TEXT_SIZE])
{
	static const char layout[TIMESTAMP_TEXT_SIZE] = "0000-00-00T00:00:00.000Z";
	int64_t year, month = 1, days, seconds;

	if (moment < 0)
		moment = 0;
	if (moment > TIMESTAMP_LAST)
		moment = TIMESTAMP_LAST;
	days = moment / MS_PER_SECOND / SECONDS_PER_DAY;
	seconds = moment / MS_PER_SECOND % SECONDS_PER_DAY;
	year = 1970 + days / 366; /* never above the year; below by 17 at most, in 9999 */
	while (days_before_year(year + 1) <= days)
		year++;
	days -= days_before_year(year);
	while (days >= days_in_month(year, month))
		days -= days_in_month(year, month++);

	for (size_t i = 0; i < sizeof(layout); i++)
		text[i] = layout[i];
	write_digits(text, year, 4);
	write_digits(text + 5, month, 2);
	write_digits(text + 8, days + 1, 2);
	write_digits(text + 11, seconds / 3600, 2);
	write_digits(text + 14, seconds / SECONDS_PER_MINUTE % 60, 2);
	write_digits(text + 17, seconds % SECONDS_PER_MINUTE, 2);
	write_digits(text + 20, moment % MS_PER_SECOND, 3);
}

/* What is left to read of a text. */
struct cursor {
	const char *at, *end;
};

static bool take_digits(struct cursor *cursor, size_t count, int64_t low, int64_t high,
			int64_t *value)
{
	uint64_t number;

	if ((size_t)(cursor->end - cursor->at) < count ||
	    !ascii_parse_number(cursor->at, count, (uint64_t)high, &number) ||
	    (int64_t)number < low)
		return false;
	cursor->at += count;
	*value = (int64_t)number;
	return true;
}

static bool take_char(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

/* An optional fraction of a second, as milliseconds. */
static bool take_fraction(struct cursor *cursor, int64_t *milliseconds)
{
	int64_t weight = 100;

	*milliseconds = 0;
	if (!take_char(cursor, '.'))
		return true;
	if (cursor->at == cursor->end || !ascii_is_digit(*cursor->at))
		return false;
	for (; cursor->at < cursor->end && ascii_is_digit(*cursor->at); cursor->at++) {
		*milliseconds += weight * (*cursor->at - '0');
		weight /= 10;
	}
	return true;
}

/* "Z" or "+hh:mm", as seconds that the local time is ahead of UTC. */
static bool take_zone(struct cursor *cursor, int64_t *ahead_seconds)
{
	int64_t sign, hours, minutes;

	*ahead_seconds = 0;
	if (take_char(cursor, 'Z'))
		return true;
	if (take_char(cursor, '+'))
		sign = 1;
	else if (take_char(cursor, '-'))
		sign = -1;
	else
		return false;
	if (!take_digits(cursor, 2, 0, 23, &hours) || !take_char(cursor, ':') ||
	    !take_digits(cursor, 2, 0, 59, &minutes))
		return false;
	*ahead_seconds = sign * (hours * 3600 + minutes * SECONDS_PER_MINUTE);
	return true;
}

bool timestamp_parse(const char *text, size_t length, int64_t *moment)
{
	struct cursor cursor = {text, text + length};
	int64_t year, month, day, hour, minute, second, milliseconds, ahead, days, result;

	if (!take_digits(&cursor, 4, 1, 9999, &year) || !take_char(&cursor, '-') ||
	    !take_digits(&cursor, 2, 1, 12, &month) || !take_char(&cursor, '-') ||
	    !take_digits(&cursor, 2, 1, days_in_month(year, month), &day) ||
	    !take_char(&cursor, 'T') || !take_digits(&cursor, 2, 0, 23, &hour) ||
	    !take_char(&cursor, ':') || !take_digits(&cursor, 2, 0, 59, &minute) ||
	    !take_char(&cursor, ':') || !take_digits(&cursor, 2, 0, 59, &second) ||
	    !take_fraction(&cursor, &milliseconds) || !take_zone(&cursor, &ahead) ||
	    cursor.at != cursor.end)
		return false;

	days = days_before_year(year) + day - 1;
	for (int64_t m = 1; m < month; m++)
		days += days_in_month(year, m);
	result = (days * SECONDS_PER_DAY + hour * 3600 + minute * SECONDS_PER_MINUTE + second -
		  ahead) *
			 MS_PER_SECOND +
		 milliseconds;
	if (result < 0 || result > TIMESTAMP_LAST)
		return false;
	*moment = result;
	return true;
}
