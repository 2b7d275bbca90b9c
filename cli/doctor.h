/* SPDX-License-Identifier: ISC */
/* What doctor has found so far, and its checks in several files. */
#ifndef CLAVIGER_DOCTOR_H
#define CLAVIGER_DOCTOR_H

#include "admin.h"
#include "attributes.h"
#include "output.h"
#include "probe.h"

/* From good to bad: the worst one decides the exit. */
enum finding {
	FINDING_GOOD,
	FINDING_WARNING,
	FINDING_FAILED,
	FINDING_DATABASE_FAILED,
	FINDING_CONFIGURATION_FAILED
};

struct doctor {
	struct admin *admin;
	struct listing listing;
	enum finding worst;
};

/** Adds one line: what was checked and, where it is not good, what to do. */
PRINTF(4, 5)
void doctor_note(struct doctor *doctor, const char *check, enum finding finding, const char *format,
		 ...);

/** The database as files: owner, modes, those beside it, their directory. Before it is open,
 *  because closing a file of SQLite's ends its locks. */
void doctor_check_files(struct doctor *doctor);
/** Asks the running service at URL. */
void doctor_check_service(struct doctor *doctor, const struct probe_url *url);
/** Asks the web server of URL for PATH, which is guarded: as strangers would, and with the key in
 *  KEY_FILE, where that is not NULL, as somebody who may pass. */
void doctor_check_gate(struct doctor *doctor, const struct probe_url *url, const char *path,
		       const char *key_file);

#endif
