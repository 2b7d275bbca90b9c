/* SPDX-License-Identifier: ISC */
#include "audit_key.h"

#include "file.h"

#include <sodium.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 2 * AUDIT_KEY_SIZE + 2, SUFFIX_BYTES = 8 };
enum { TEMPORARY_SIZE = AUDIT_KEY_PATH_SIZE + 2 * SUFFIX_BYTES + 2 };

void audit_key_path(const struct config *config, char path[static AUDIT_KEY_PATH_SIZE])
{
	if (config->audit_key_file[0] != '\0')
		snprintf(path, AUDIT_KEY_PATH_SIZE, "%s", config->audit_key_file);
	else
		snprintf(path, AUDIT_KEY_PATH_SIZE, "%s.audit-key", config->database);
}

/* A line of hex digits, and what names the key: a hash under it of a constant. */
static bool read_line(const char *line, size_t length, struct audit_key *key)
{
	static const uint8_t label[] = "claviger audit key";
	uint8_t hash[crypto_generichash_BYTES];
	size_t size = 0;

	if (length > 0 && line[length - 1] == '\n')
		length--;
	if (length != 2 * sizeof(key->bytes) ||
	    sodium_hex2bin(key->bytes, sizeof(key->bytes), line, length, NULL, &size, NULL) != 0 ||
	    size != sizeof(key->bytes))
		return false;
	crypto_generichash(hash, sizeof(hash), label, sizeof(label), key->bytes,
			   sizeof(key->bytes));
	memcpy(key->id, hash, sizeof(key->id));
	return true;
}

static enum result read_key(const char *path, struct audit_key *key, struct error *err)
{
	struct buffer content = {0};
	enum result result = file_read_all(path, FILE_PRIVATE, LINE_SIZE, &content, err);

	if (result == RESULT_OK && !read_line(content.data, content.length, key))
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "%.150s: no key of an audit: 64 hex digits are wanted; put the "
				   "file back, or move it away for a new one",
				   path);
	buffer_clear(&content);
	return result;
}

static bool write_new_key(int descriptor)
{
	uint8_t bytes[AUDIT_KEY_SIZE];
	char line[LINE_SIZE];
	bool is_written;

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(line, sizeof(line), bytes, sizeof(bytes));
	line[LINE_SIZE - 2] = '\n';
	is_written =
		write(descriptor, line, LINE_SIZE - 1) == LINE_SIZE - 1 && fsync(descriptor) == 0;
	sodium_memzero(bytes, sizeof(bytes));
	sodium_memzero(line, sizeof(line));
	return is_written;
}

/* The name, too, is on the disk before a row relies on it. */
static bool sync_directory(char *path)
{
	char *slash = strrchr(path, '/');
	bool is_synced;
	int descriptor;

	if (slash != NULL)
		slash[slash == path] = '\0';
	descriptor = open(slash == NULL ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_synced = descriptor >= 0 && fsync(descriptor) == 0;
	if (descriptor >= 0)
		close(descriptor);
	return is_synced;
}

/* Whole under a name of its own, then published by link(), which never replaces: of two processes
 * that start at once, the second finds the key of the first. */
static enum result make_key(const char *path, bool *is_new, struct error *err)
{
	uint8_t random[SUFFIX_BYTES];
	char suffix[2 * SUFFIX_BYTES + 1], temporary[TEMPORARY_SIZE];
	bool is_published = false;
	int descriptor;
	enum result result;

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(suffix, sizeof(suffix), random, sizeof(random));
	snprintf(temporary, sizeof(temporary), "%s.%s", path, suffix);
	result = file_create(temporary, &descriptor, err);
	if (result != RESULT_OK)
		return result;
	if (write_new_key(descriptor)) {
		*is_new = link(temporary, path) == 0;
		is_published = *is_new || errno == EEXIST;
	}
	close(descriptor);
	unlink(temporary);
	if (is_published && sync_directory(temporary))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "%.150s: the key of the audit could not be made; is the disk full, or of "
			 "a kind without links?",
			 path);
}

enum result audit_key_open(const struct config *config, bool make, struct audit_key **key,
			   bool *is_new, struct error *err)
{
	struct audit_key *opened =
		sodium_malloc(sizeof(*opened)); /* locked, and wiped when freed */
	char path[AUDIT_KEY_PATH_SIZE];
	enum result result;

	*key = NULL;
	*is_new = false;
	if (opened == NULL)
		return error_set(err, RESULT_BUSY, NULL,
				 "There is no memory for the key of the audit");
	audit_key_path(config, path);
	result = read_key(path, opened, err);
	if (result == RESULT_NOT_FOUND && make) {
		*err = (struct error){0};
		result = make_key(path, is_new, err);
		if (result == RESULT_OK)
			result = read_key(path, opened, err);
	}
	if (result != RESULT_OK) {
		audit_key_close(opened);
		return result;
	}
	*key = opened;
	return RESULT_OK;
}

enum result audit_key_check(const struct config *config, struct error *err)
{
	char path[AUDIT_KEY_PATH_SIZE];
	struct audit_key *key;
	bool is_new;
	enum result result = audit_key_open(config, false, &key, &is_new, err);

	audit_key_close(key);
	if (result != RESULT_NOT_FOUND)
		return result;
	*err = (struct error){0};
	audit_key_path(config, path);
	return file_check_new(path, FILE_PRIVATE, err);
}

void audit_key_close(struct audit_key *key)
{
	sodium_free(key);
}
