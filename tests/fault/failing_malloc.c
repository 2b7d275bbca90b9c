/* SPDX-License-Identifier: ISC */
/* Loaded before libc: the allocation with the number that stands in the file FAILING_MALLOC fails,
 * counted down from when that was written; or all from there on. */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static struct plan {
	_Atomic int left; /* before the one that fails; 0: none does */
	_Atomic int for_all;
	_Atomic int failed;
} * plan;

__attribute__((constructor)) static void find_plan(void)
{
	const char *path = getenv("FAILING_MALLOC");
	int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *found = MAP_FAILED;

	if (file >= 0) {
		found = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		close(file);
	}
	plan = found == MAP_FAILED ? NULL : found;
}

static int fails(void)
{
	if (plan == NULL || plan->left == 0)
		return 0;
	if (plan->left > 1) {
		plan->left--;
		return 0;
	}
	if (!plan->for_all)
		plan->left = 0;
	plan->failed++;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
