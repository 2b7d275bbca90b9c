/* SPDX-License-Identifier: ISC */
#include "doctor.h"

#include "audit_key.h"
#include "file.h"
#include "memo.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = CONFIG_PATH_SIZE + 16 };

/* False where PATH is there and not as KIND wants it. */
static bool check_file(struct doctor *doctor, const char *check, const char *path,
		       enum file_kind kind)
{
	struct error err = {0};
	int descriptor;
	enum result result = file_open(path, kind, FILE_TO_READ, &descriptor, &err);

	if (result == RESULT_OK)
		close(descriptor);
	if (result == RESULT_OK || result == RESULT_NOT_FOUND)
		return true;
	doctor_note(doctor, check, FINDING_CONFIGURATION_FAILED, "%s", err.message);
	return false;
}

static void check_directory(struct doctor *doctor)
{
	char directory[CONFIG_PATH_SIZE];
	struct stat status;
	char *slash;

	snprintf(directory, sizeof(directory), "%s", doctor->admin->config->database);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		snprintf(directory, sizeof(directory), ".");
	else
		slash[slash == directory] = '\0';
	if (stat(directory, &status) != 0)
		return; /* said of the database */
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		doctor_note(doctor, "directory", FINDING_WARNING,
			    "%.150s: mode %04o lets other users in; run: chmod 700 %.150s",
			    directory, (unsigned)(status.st_mode & 07777), directory);
	else
		doctor_note(doctor, "directory", FINDING_GOOD, "%.300s: mode %04o", directory,
			    (unsigned)(status.st_mode & 07777));
}

/* As the service will open or make it. */
static bool check_target(struct doctor *doctor, const char *check, enum result result,
			 const struct error *err)
{
	if (result != RESULT_OK)
		doctor_note(doctor, check, FINDING_CONFIGURATION_FAILED, "%s", err->message);
	return result == RESULT_OK;
}

static bool check_named_files(struct doctor *doctor)
{
	const struct config *config = doctor->admin->config;
	struct error memo_err = {0}, log_err = {0}, audit_err = {0};
	bool is_good =
		check_target(doctor, "audit", audit_key_check(config, &audit_err), &audit_err);

	if (config->memo_file[0] != '\0')
		is_good = check_target(doctor, "memo", memo_check(config->memo_file, &memo_err),
				       &memo_err) &&
			  is_good;
	if (strcmp(config->log, "stderr") != 0)
		is_good = check_target(doctor, "log",
				       file_check_target(config->log, FILE_LOG, &log_err),
				       &log_err) &&
			  is_good;
	return is_good;
}

void doctor_check_files(struct doctor *doctor)
{
	static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
	const struct config *config = doctor->admin->config;
	struct error err = {0};
	char path[PATH_SIZE];
	bool is_good = check_named_files(doctor);
	enum result result = file_check_database(config->database, &err);

	if (result != RESULT_OK)
		return; /* opening it says the same */
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", config->database, suffixes[i]);
		is_good = check_file(doctor, "files", path, FILE_PRIVATE) && is_good;
	}
	if (is_good)
		doctor_note(doctor, "files", FINDING_GOOD, "%.300s: owner and modes are right",
			    config->database);
	check_directory(doctor);
}
