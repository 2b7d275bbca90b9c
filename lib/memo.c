/* SPDX-License-Identifier: ISC */
#include "memo.h"

#include "memo_file.h"

#include <sodium.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAD_ENTRIES = 4096, BAD_BUCKETS = BAD_ENTRIES / MEMO_BUCKET_ENTRIES };
enum { BUCKET_WORDS = sizeof(struct memo_bucket) / sizeof(uint64_t) };
enum { TAG_WORDS = sizeof(struct memo_tag) / sizeof(uint64_t) };

/* Keeps these MACs apart from whatever else may one day be made under the key. */
static const uint8_t tag_domain = 1;

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "readers of the memo need no lock");

/* The buckets of good pairs, then those of bad ones. */
struct memo {
	uint8_t *mac_key;        /* MEMO_KEY_SIZE bytes, locked and guarded; read-only once open */
	_Atomic uint64_t *words; /* NULL when the buckets lie in a file */
	int file;                /* -1 when they lie in memory */
	size_t good_buckets;
	atomic_size_t used; /* places of good pairs; two threads may count one twice */
};

static enum result open_buckets(struct memo *memo, const char *file, struct error *err)
{
	size_t bucket_count = memo->good_buckets + BAD_BUCKETS;

	if (file != NULL) {
		enum result result =
			memo_file_open(file, bucket_count, memo->mac_key, &memo->file, err);

		if (result != RESULT_OK || memo->file >= 0)
			return result;
	}
	randombytes_buf(memo->mac_key, MEMO_KEY_SIZE);
	/* Pages of calloc() become memory when an entry first falls on them. */
	memo->words = calloc(bucket_count * (sizeof(struct memo_bucket) / sizeof(*memo->words)),
			     sizeof(*memo->words));
	if (memo->words == NULL)
		return error_set(err, RESULT_BUSY, "memo_entries", "no memory for the memo");
	return RESULT_OK;
}

enum result memo_open(size_t entries, const char *file, struct memo **memo, struct error *err)
{
	struct memo *opened;
	enum result result;

	*memo = NULL;
	if (entries == 0 || entries > MEMO_ENTRIES_MAX)
		return error_set(err, RESULT_INVALID_CONFIGURATION, "memo_entries",
				 "must be from 1 to %d", MEMO_ENTRIES_MAX);
	opened = calloc(1, sizeof(*opened));
	if (opened == NULL)
		return error_set(err, RESULT_BUSY, "memo_entries", "no memory for the memo");
	opened->file = -1;
	opened->good_buckets = (entries + MEMO_BUCKET_ENTRIES - 1) / MEMO_BUCKET_ENTRIES;
	opened->mac_key = sodium_malloc(MEMO_KEY_SIZE);
	result = RESULT_BUSY;
	if (opened->mac_key == NULL)
		error_set(err, RESULT_BUSY, "memo_entries", "no memory for the memo");
	else
		result = open_buckets(opened, file, err);
	if (result != RESULT_OK) {
		memo_close(opened);
		return result;
	}
	/* A second fence only: where it fails, the key is as safe as any other locked memory. */
	sodium_mprotect_readonly(opened->mac_key);
	*memo = opened;
	return RESULT_OK;
}

enum result memo_check(const char *file, struct error *err)
{
	return memo_file_check(file, err);
}

void memo_close(struct memo *memo)
{
	if (memo == NULL)
		return;
	/* Wipes. The entries tell nothing without it, and wiping them would touch every page. */
	sodium_free(memo->mac_key);
	free(memo->words);
	if (memo->file >= 0)
		close(memo->file);
	free(memo);
}

size_t memo_capacity(const struct memo *memo)
{
	return memo->good_buckets * MEMO_BUCKET_ENTRIES;
}

size_t memo_used(const struct memo *memo)
{
	size_t used = atomic_load_explicit(&memo->used, memory_order_relaxed);

	return used < memo_capacity(memo) ? used : memo_capacity(memo);
}

/* The key is hashed in its whole fixed size, so that no pair can be read as another one. */
void memo_tag(const struct memo *memo, const struct key *key, const struct secret_hash *hash,
	      struct memo_tag *tag)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, memo->mac_key, MEMO_KEY_SIZE, sizeof(tag->bytes));
	crypto_generichash_update(&state, &tag_domain, sizeof(tag_domain));
	crypto_generichash_update(&state, (const uint8_t *)key, sizeof(*key));
	crypto_generichash_update(&state, (const uint8_t *)hash->mcf,
				  strnlen(hash->mcf, sizeof(hash->mcf)));
	crypto_generichash_final(&state, tag->bytes, sizeof(tag->bytes));
	sodium_memzero(&state, sizeof(state));
}

static void read_bucket(struct memo *memo, size_t index, struct memo_bucket *bucket)
{
	uint64_t words[BUCKET_WORDS];

	if (memo->words == NULL) {
		memo_file_read(memo->file, index, bucket);
		return;
	}
	/* Relaxed: a word means nothing but itself, and publishes nothing else. */
	for (size_t i = 0; i < BUCKET_WORDS; i++)
		words[i] = atomic_load_explicit(&memo->words[index * BUCKET_WORDS + i],
						memory_order_relaxed);
	memcpy(bucket, words, sizeof(words));
}

static void write_entry(struct memo *memo, size_t index, size_t entry, const struct memo_tag *tag)
{
	uint64_t words[TAG_WORDS];

	if (memo->words == NULL) {
		memo_file_write(memo->file, index, entry, tag);
		return;
	}
	memcpy(words, tag->bytes, sizeof(words));
	for (size_t i = 0; i < TAG_WORDS; i++)
		atomic_store_explicit(&memo->words[index * BUCKET_WORDS + entry * TAG_WORDS + i],
				      words[i], memory_order_relaxed);
}

/* All entries, and all bytes of each, whatever the first ones say. */
static bool bucket_holds(const struct memo_bucket *bucket, const struct memo_tag *tag)
{
	bool held = false;

	for (size_t i = 0; i < MEMO_BUCKET_ENTRIES; i++)
		held |= sodium_memcmp(&bucket->entries[i], tag, sizeof(*tag)) == 0;
	return held;
}

/* A free entry, else one that the bits of TAG choose which did not choose the bucket. */
static size_t choose_entry(const struct memo_bucket *bucket, const struct memo_tag *tag)
{
	for (size_t i = 0; i < MEMO_BUCKET_ENTRIES; i++)
		if (sodium_is_zero(bucket->entries[i].bytes, sizeof(bucket->entries[i].bytes)))
			return i;
	return tag->bytes[MEMO_TAG_SIZE - 1] % MEMO_BUCKET_ENTRIES;
}

static size_t bucket_of(const struct memo *memo, const struct memo_tag *tag,
			enum memo_verdict verdict)
{
	uint64_t word;

	memcpy(&word, tag->bytes, sizeof(word));
	if (verdict == MEMO_MATCHES)
		return (size_t)(word % memo->good_buckets);
	return memo->good_buckets + (size_t)(word % BAD_BUCKETS);
}

/* The tag of nothing, which every free entry would equal. */
static bool is_no_tag(const struct memo_tag *tag)
{
	return sodium_is_zero(tag->bytes, sizeof(tag->bytes)) != 0;
}

enum memo_verdict memo_find(struct memo *memo, const struct memo_tag *tag)
{
	static const enum memo_verdict verdicts[] = {MEMO_MATCHES, MEMO_DIFFERS};
	struct memo_bucket bucket;

	if (is_no_tag(tag))
		return MEMO_UNKNOWN;
	for (size_t i = 0; i < ARRAY_LENGTH(verdicts); i++) {
		read_bucket(memo, bucket_of(memo, tag, verdicts[i]), &bucket);
		if (bucket_holds(&bucket, tag))
			return verdicts[i];
	}
	return MEMO_UNKNOWN;
}

void memo_add(struct memo *memo, const struct memo_tag *tag, enum memo_verdict verdict)
{
	size_t index = bucket_of(memo, tag, verdict);
	size_t entry;
	struct memo_bucket bucket;

	if (verdict == MEMO_UNKNOWN || is_no_tag(tag))
		return;
	read_bucket(memo, index, &bucket);
	if (bucket_holds(&bucket, tag))
		return;
	entry = choose_entry(&bucket, tag);
	if (verdict == MEMO_MATCHES && is_no_tag(&bucket.entries[entry]))
		atomic_fetch_add_explicit(&memo->used, 1, memory_order_relaxed);
	write_entry(memo, index, entry, tag);
}
