/* SPDX-License-Identifier: ISC */
/* What a command says: records as JSON in the envelope of the HTTP interface, or a table for
 * people. All is collected in a buffer and written at once, so that a failure is seen. */
#ifndef CLAVIGER_OUTPUT_H
#define CLAVIGER_OUTPUT_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_COLUMNS_MAX = 10, OUTPUT_MAXIMUM = 1 << 28 };

/* How a terminal is to show TEXT in COLUMN, as the number of an SGR sequence; 0 for as it is. */
typedef int paint_fn(size_t column, const char *text);

/* A list that is being written. Clear it with output_end(), on every path. */
struct listing {
	struct buffer *out;
	bool as_json;
	const char *const *headers; /* NULL: a table without a head */
	size_t columns;
	paint_fn *paint;     /* NULL, unless it is set after output_begin(): no colours */
	struct buffer cells; /* each ends in NUL, row by row */
};

/** Begins a list in OUT: of objects where AS_JSON, else of rows with COLUMNS cells. HEADERS is
 *  borrowed until the end, and may be NULL. */
void output_begin(struct listing *listing, struct buffer *out, bool as_json,
		  const char *const *headers, size_t columns);
/** Where the next object of a list in JSON goes. */
NODISCARD struct buffer *output_next_object(struct listing *listing);
/** The next cell of a table; what could change how a terminal shows it is escaped. */
void output_cell(struct listing *listing, const char *text);
/** A moment as a cell, or ABSENT where there is none. */
void output_moment_cell(struct listing *listing, int64_t moment, const char *absent);
/** Writes the rows, or the end of the JSON, to the buffer. */
void output_end(struct listing *listing);

/** Appends TEXT with every byte as \xNN that belongs to no visible character. */
void output_printable(const char *text, struct buffer *out);

/** Writes OUT to standard output and empties it. RESULT_INTERNAL where not all was taken. */
NODISCARD enum result output_flush(struct buffer *out, struct error *err);

#endif
