/* SPDX-License-Identifier: ISC */
#include "policy_file.h"

#include "buffer.h"
#include "config.h"
#include "file.h"
#include "log.h"

#include <sys/stat.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_INTERVAL_MS = 1000 };

/* A policy and those who read it; the last one frees. */
struct held {
	struct policy policy; /* first: policy_file_release() finds the rest by it */
	size_t holders;
};

/* What tells one content of the file from another. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct policy_file {
	const struct catalogue *catalogue;
	pthread_mutex_t lock; /* guards what follows, and the counts of holders */
	char path[CONFIG_PATH_SIZE];
	struct held *current;
	struct stamp stamp; /* of what was read last, whether it could be used or not */
	int64_t looked_at;
	bool is_looking;
};

static struct stamp stamp_of(const char *path)
{
	struct stamp stamp = {0};
	struct stat status;

	if (stat(path, &status) == 0)
		stamp = (struct stamp){.device = status.st_dev,
				       .inode = status.st_ino,
				       .size = status.st_size,
				       .changed = status.st_mtim};
	return stamp;
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static enum result read_policy(const char *path, const struct catalogue *catalogue,
			       struct held **held, struct error *err)
{
	struct buffer content = {0};
	enum result result;

	*held = calloc(1, sizeof(**held));
	if (*held == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory for the policy");
	(*held)->holders = 1;
	result = file_read_all(path, FILE_CONFIGURATION, POLICY_BYTES_MAX, &content, err);
	if (result == RESULT_NOT_FOUND)
		result = err->result = RESULT_INVALID_CONFIGURATION;
	if (result == RESULT_OK)
		result = policy_parse(&(*held)->policy, catalogue, path, content.data,
				      content.length, err);
	buffer_clear(&content);
	if (result != RESULT_OK) {
		free(*held);
		*held = NULL;
	}
	return result;
}

struct policy_file *policy_file_new(const struct catalogue *catalogue)
{
	struct policy_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	pthread_mutex_init(&file->lock, NULL);
	file->catalogue = catalogue;
	return file;
}

static void release(struct held *held)
{
	if (held == NULL || --held->holders > 0)
		return;
	policy_clear(&held->policy);
	free(held);
}

void policy_file_free(struct policy_file *file)
{
	if (file == NULL)
		return;
	release(file->current);
	pthread_mutex_destroy(&file->lock);
	free(file);
}

enum result policy_file_use(struct policy_file *file, const char *path, struct error *err)
{
	struct stamp stamp = stamp_of(path);
	struct held *fresh = NULL;
	enum result result = RESULT_OK;

	if (*path != '\0')
		result = read_policy(path, file->catalogue, &fresh, err);
	if (result != RESULT_OK)
		return result;
	pthread_mutex_lock(&file->lock);
	release(file->current);
	file->current = fresh;
	file->stamp = stamp;
	snprintf(file->path, sizeof(file->path), "%s", path);
	pthread_mutex_unlock(&file->lock);
	return RESULT_OK;
}

/* What the file at PATH says now; NULL where that is not new or cannot be used. Without the lock,
 * because the file may be slow; one thread at a time comes here. */
static struct held *look(const struct policy_file *file, const char *path, struct stamp *stamp)
{
	struct stamp found = stamp_of(path);
	struct error err = {0};
	struct held *fresh = NULL;

	if (is_same(&found, stamp))
		return NULL;
	*stamp = found;
	if (read_policy(path, file->catalogue, &fresh, &err) == RESULT_OK)
		log_event(LOG_INFO, NULL, "policy taken over", "file=%.200s rules=%zu", path,
			  fresh->policy.count);
	else
		log_event(LOG_ERROR, NULL, "policy not taken over",
			  "kept=the one before message=%.255s", err.message);
	return fresh;
}

static bool is_due(const struct policy_file *file, int64_t now)
{
	return file->current != NULL && !file->is_looking &&
	       now - file->looked_at >= LOOK_INTERVAL_MS;
}

/* Begins and ends with the lock held, and gives it back in between. */
static void refresh(struct policy_file *file, int64_t now)
{
	char path[CONFIG_PATH_SIZE];
	struct stamp stamp = file->stamp;
	struct held *fresh;

	file->is_looking = true;
	file->looked_at = now;
	memcpy(path, file->path, sizeof(path));
	pthread_mutex_unlock(&file->lock);
	fresh = look(file, path, &stamp);
	pthread_mutex_lock(&file->lock);
	file->is_looking = false;
	if (strcmp(file->path, path) == 0) { /* else a reload has named another meanwhile */
		file->stamp = stamp;
		if (fresh != NULL) {
			release(file->current);
			file->current = fresh;
			fresh = NULL;
		}
	}
	release(fresh);
}

struct policy *policy_file_take(struct policy_file *file, int64_t now)
{
	struct held *taken;

	pthread_mutex_lock(&file->lock);
	if (is_due(file, now))
		refresh(file, now);
	taken = file->current;
	if (taken != NULL)
		taken->holders++;
	pthread_mutex_unlock(&file->lock);
	return taken == NULL ? NULL : &taken->policy;
}

void policy_file_release(struct policy_file *file, struct policy *policy)
{
	if (policy == NULL)
		return;
	pthread_mutex_lock(&file->lock);
	release((struct held *)policy);
	pthread_mutex_unlock(&file->lock);
}
