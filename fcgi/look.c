/* SPDX-License-Identifier: ISC */
#include "look.h"

#include <stdbool.h>

/* Record types and sizes of the FastCGI specification (§8). */
enum {
	FCGI_VERSION = 1,
	FCGI_TYPE_BEGIN = 1,
	FCGI_TYPE_PARAMS = 4,
	FCGI_TYPE_STDIN = 5,
	FCGI_HEADER_SIZE = 8,
	FCGI_BEGIN_SIZE = 8,
	FCGI_ROLE_AUTHORIZER = 2,
	FCGI_LONG_LENGTH = 0x80 /* the bit that says that a length has four bytes */
};

static const uint8_t expected_type[] = {
	[LOOK_BEGIN] = FCGI_TYPE_BEGIN,
	[LOOK_PARAMS] = FCGI_TYPE_PARAMS,
	[LOOK_BODY] = FCGI_TYPE_STDIN,
};

/* Says whether libfcgi would wait for more than there is: it skips records of another request than
 * the first one's, and takes the padding of these two for the next record. */
static bool is_misread(const uint8_t *record, const uint8_t *first, size_t content)
{
	bool loses_padding =
		record[1] == FCGI_TYPE_BEGIN || (record[1] == FCGI_TYPE_PARAMS && content == 0);

	return record[2] != first[2] || record[3] != first[3] || (record[2] | record[3]) == 0 ||
	       (loses_padding && record[6] != 0);
}

/* What a pair holds behind its lengths; unchanged and false where not all COUNT bytes of these have
 * come. */
static bool read_lengths(const uint8_t *bytes, size_t count, size_t *total)
{
	size_t sum = 0, at = 0;

	for (int i = 0; i < 2; i++) { /* the name's and the value's */
		size_t size = at < count && (bytes[at] & FCGI_LONG_LENGTH) != 0 ? 4 : 1;
		size_t length;

		if (count - at < size)
			return false;
		length = bytes[at] & ~(unsigned)FCGI_LONG_LENGTH;
		for (size_t j = 1; j < size; j++)
			length = length << 8 | bytes[at + j];
		sum += length;
		at += size;
	}
	*total = sum;
	return true;
}

/* Walks through LENGTH bytes of the parameters, which begin and end anywhere in a pair. */
static void walk_pairs(struct look *look, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		size_t step = 1;

		if (look->pair_rest == 0) {
			look->lengths[look->lengths_count++] = *bytes;
			if (read_lengths(look->lengths, look->lengths_count, &look->pair_rest))
				look->lengths_count = 0;
		} else {
			step = look->pair_rest < length ? look->pair_rest : length;
			look->pair_rest -= step;
		}
		bytes += step;
		length -= step;
	}
}

/* Takes one whole record, whose header is good. */
static enum arrival take_record(struct look *look, const uint8_t *body, size_t content)
{
	switch (look->stage) {
	case LOOK_BEGIN:
		look->role = body[0] == 0 ? body[1] : 0;
		look->stage = LOOK_PARAMS;
		return ARRIVAL_PARTIAL;
	case LOOK_PARAMS:
		walk_pairs(look, body, content);
		if (content > 0)
			return ARRIVAL_PARTIAL;
		if (look->pair_rest > 0 || look->lengths_count > 0)
			return ARRIVAL_BROKEN;
		look->stage = LOOK_BODY;
		return look->role == FCGI_ROLE_AUTHORIZER ? ARRIVAL_COMPLETE : ARRIVAL_HEAD;
	case LOOK_BODY:
		return content > 0 ? ARRIVAL_HEAD : ARRIVAL_COMPLETE;
	}
	return ARRIVAL_BROKEN;
}

enum arrival look_further(struct look *look, const uint8_t *bytes, size_t length)
{
	enum arrival arrival = look->stage == LOOK_BODY ? ARRIVAL_HEAD : ARRIVAL_PARTIAL;

	if (length > 0 && bytes[0] != FCGI_VERSION)
		return ARRIVAL_BROKEN;
	while (length - look->at >= FCGI_HEADER_SIZE) {
		const uint8_t *record = bytes + look->at;
		size_t content = (size_t)record[4] << 8 | record[5];
		size_t size = FCGI_HEADER_SIZE + content + record[6];

		if (record[0] != FCGI_VERSION || record[1] != expected_type[look->stage] ||
		    (look->stage == LOOK_BEGIN && content != FCGI_BEGIN_SIZE) ||
		    is_misread(record, bytes, content))
			return ARRIVAL_BROKEN;
		if (length - look->at < size)
			break;
		arrival = take_record(look, record + FCGI_HEADER_SIZE, content);
		if (arrival == ARRIVAL_BROKEN || arrival == ARRIVAL_COMPLETE)
			break;
		look->at += size;
	}
	return arrival;
}
