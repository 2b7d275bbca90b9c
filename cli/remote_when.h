/* SPDX-License-Identifier: ISC */
/* Moments as people say them. */
#ifndef CLAVIGER_REMOTE_WHEN_H
#define CLAVIGER_REMOTE_WHEN_H

#include <stdint.h>

enum { REMOTE_WHEN_SIZE = 40 };

/** Writes how far MOMENT is from NOW: "3 minutes ago", "in 5 days". */
void remote_when(int64_t moment, int64_t now, char text[static REMOTE_WHEN_SIZE]);

#endif
