/* SPDX-License-Identifier: ISC */
/* The compiler attributes this code relies on, under names that read as promises. */
#ifndef CLAVIGER_ATTRIBUTES_H
#define CLAVIGER_ATTRIBUTES_H

/* The caller must look at the result. */
#define NODISCARD __attribute__((warn_unused_result))
/* Argument A is a printf format for the arguments from B on. */
#define PRINTF(a, b) __attribute__((format(printf, a, b)))
#define NORETURN __attribute__((noreturn))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
