/* SPDX-License-Identifier: ISC */
#include "support.h"

#include "timestamp.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>
#include <sqlite3.h>

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_MAX = 64, FILES_OPEN_MAX = 16, MEMO_ENTRIES = 1024 };

void directory_make(const char *parent, char path[static DIRECTORY_SIZE])
{
	int length;

	if (parent == NULL)
		parent = getenv("TMPDIR");
	if (parent == NULL)
		parent = "/tmp";
	length = snprintf(path, DIRECTORY_SIZE, "%s/claviger-test-XXXXXX", parent);
	assert_in_range(length, 1, DIRECTORY_SIZE - 1);
	assert_non_null(mkdtemp(path));
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

void directory_remove(const char *path)
{
	chmod(path, S_IRWXU);
	assert_int_equal(nftw(path, remove_entry, FILES_OPEN_MAX, FTW_DEPTH | FTW_PHYS), 0);
}

static uint64_t seed_in_use;
static bool has_seed;

struct random_source random_begin(void)
{
	const char *given = getenv("CLAVIGER_SEED");

	if (!has_seed) {
		if (given != NULL)
			seed_in_use = strtoull(given, NULL, 10);
		else
			randombytes_buf(&seed_in_use, sizeof(seed_in_use));
		has_seed = true;
	}
	return (struct random_source){seed_in_use};
}

uint64_t random_next(struct random_source *source)
{
	uint64_t value = source->state += UINT64_C(0x9E3779B97F4A7C15);

	value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
	return value ^ (value >> 31);
}

size_t random_below(struct random_source *source, size_t bound)
{
	return (size_t)(random_next(source) % bound);
}

bool random_one_in(struct random_source *source, size_t bound)
{
	return random_below(source, bound) == 0;
}

int random_report(int failures)
{
	if (failures != 0 && has_seed)
		fprintf(stderr, "Again with the same numbers: CLAVIGER_SEED=%" PRIu64 "\n",
			seed_in_use);
	return failures;
}

const struct catalogue *catalogue_of_tests(void)
{
	static struct catalogue catalogue;

	if (catalogue.count == 0)
		catalogue_default(&catalogue);
	return &catalogue;
}

struct permission_set permission_of(const char *name)
{
	size_t index;

	if (strcmp(name, "*") == 0)
		return (struct permission_set){.every = true};
	if (!catalogue_find(catalogue_of_tests(), name, strlen(name), &index))
		fail_msg("no permission is called %s", name);
	return permission_set_of(index);
}

static struct id numbered_id(uint8_t kind, unsigned number)
{
	struct id id = {{0}};

	id.bytes[0] = kind;
	for (size_t i = 0; i < 4; i++)
		id.bytes[ID_SIZE - 1 - i] = (uint8_t)(number >> 8 * i);
	return id;
}

struct id account_id(unsigned number)
{
	return numbered_id(0xAC, number);
}

struct id website_id(unsigned number)
{
	return numbered_id(0x3E, number);
}

char *cut_piece(char **text, char separator)
{
	char *piece = *text, *end;

	if (piece == NULL)
		return NULL;
	end = strchr(piece, separator);
	*text = end == NULL ? NULL : end + 1;
	if (end != NULL)
		*end = '\0';
	return piece;
}

static void set_addresses(struct scope *scope, char *text)
{
	struct network networks[LIST_MAX];
	size_t count = 0;
	char *piece;

	scope->every_address = text == NULL || *text == '\0';
	while (text != NULL && (piece = cut_piece(&text, ',')) != NULL) {
		if (strcmp(piece, "none") == 0)
			continue;
		assert_true(count < LIST_MAX &&
			    network_parse(piece, strlen(piece), &networks[count]));
		count++;
	}
	assert_int_equal(network_set_init(&scope->addresses, networks, count), RESULT_OK);
}

struct scope scope_of(const char *text)
{
	struct scope scope = {.account = account_id(1)};
	struct id ids[LIST_MAX];
	size_t count = 0;
	char copy[1024], *rest = copy;
	char *permissions, *websites, *expiry, *piece;

	assert_in_range(snprintf(copy, sizeof(copy), "%s", text), 1, sizeof(copy) - 1);
	permissions = cut_piece(&rest, '/');
	websites = cut_piece(&rest, '/');
	expiry = cut_piece(&rest, '/');
	assert_non_null(expiry);
	while ((piece = cut_piece(&permissions, ',')) != NULL)
		if (strcmp(piece, "none") != 0)
			scope.permissions =
				permission_set_union(scope.permissions, permission_of(piece));
	scope.every_website = strcmp(websites, "all") == 0;
	while ((piece = cut_piece(&websites, ',')) != NULL)
		if (piece[0] == 'w' && count < LIST_MAX)
			ids[count++] = website_id((unsigned)strtoul(piece + 1, NULL, 10));
	assert_int_equal(id_set_init(&scope.websites, ids, count), RESULT_OK);
	scope.expires_at =
		strcmp(expiry, "never") == 0 ? TIMESTAMP_NEVER : strtoll(expiry, NULL, 10);
	set_addresses(&scope, rest);
	return scope;
}

/* Polynomial 0x04C11DB7, reflected. */
uint32_t crc32_by_definition(const char *text, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint8_t)text[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
	}
	return crc ^ UINT32_MAX;
}

void write_checksum_by_definition(char *key_text, size_t prefix_length)
{
	static const char alphabet[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t checked = prefix_length + SELECTOR_LENGTH + SECRET_LENGTH;
	uint32_t rest = crc32_by_definition(key_text, checked);

	for (size_t i = CHECKSUM_LENGTH; i > 0; i--) {
		key_text[checked + i - 1] = alphabet[rest % (sizeof(alphabet) - 1)];
		rest /= sizeof(alphabet) - 1;
	}
}

struct key key_with_other_secret(const struct key *key, unsigned number)
{
	struct key other = *key;
	size_t prefix_length = strlen(key->secret_text) - TOKEN_BODY_LENGTH;
	char digits[SECRET_LENGTH + 1];

	snprintf(digits, sizeof(digits), "%0*u", (int)SECRET_LENGTH, number);
	memcpy(other.secret_text + prefix_length + SELECTOR_LENGTH, digits, SECRET_LENGTH);
	write_checksum_by_definition(other.secret_text, prefix_length);
	return other;
}

struct store *fixture_connect(const struct fixture *fixture)
{
	struct store_options options = {
		.path = fixture->path, .use_wal = true, .catalogue = catalogue_of_tests()};
	struct store *store;
	struct error err = {0};

	if (store_open(&options, &store, &err) != RESULT_OK)
		fail_msg("%s", err.message);
	return store;
}

struct fixture *fixture_new(const char *parent)
{
	static const char settings[] = "database = /nowhere\nallow_weak_scrypt = true\n";
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct store_options options = {
		.use_wal = true, .create = true, .catalogue = catalogue_of_tests()};
	struct error err = {0};
	bool is_new;

	assert_non_null(fixture);
	directory_make(parent, fixture->directory);
	snprintf(fixture->path, sizeof(fixture->path), "%s/database", fixture->directory);
	/* Refusals are what these tests are about: they would fill the screen. */
	assert_int_equal(log_open("/dev/null", LOG_ERROR, "dft_", &err), RESULT_OK);

	assert_int_equal(
		config_parse("test", settings, sizeof(settings) - 1, &fixture->config, &err),
		RESULT_OK);
	fixture->config.catalogue = *catalogue_of_tests();
	fixture->config.scrypt = (struct scrypt_parameters){.n = 16, .r = 1, .p = 1};
	fixture->limits.tokens_per_account = 1000;
	options.path = fixture->path;
	if (store_open(&options, &fixture->store, &err) != RESULT_OK)
		fail_msg("%s", err.message);
	memcpy(fixture->config.database, fixture->path, sizeof(fixture->path));
	if (audit_key_open(&fixture->config, true, &fixture->audit, &is_new, &err) != RESULT_OK)
		fail_msg("%s", err.message);
	fixture->authority = (struct authority){.config = &fixture->config,
						.limits = &fixture->limits,
						.store = fixture->store,
						.throttle = throttle_new(),
						.audit = fixture->audit,
						.may_wait = true};
	assert_non_null(fixture->authority.throttle);
	assert_int_equal(memo_open(MEMO_ENTRIES, NULL, &fixture->authority.memo, &err), RESULT_OK);
	return fixture;
}

int fixture_set_up(void **state)
{
	*state = fixture_new(NULL);
	return 0;
}

void fixture_free(struct fixture *fixture)
{
	store_close(fixture->store);
	audit_key_close(fixture->audit);
	memo_close(fixture->authority.memo);
	throttle_free(fixture->authority.throttle);
	directory_remove(fixture->directory);
	free(fixture);
}

int fixture_tear_down(void **state)
{
	fixture_free(*state);
	return 0;
}

void fixture_add_account(struct fixture *fixture, unsigned number)
{
	struct account_record account = {
		.id = account_id(number), .created_at = number, .disabled_at = STORE_NO_MOMENT};

	snprintf(account.email, sizeof(account.email), "account%u@example.com", number);
	snprintf(account.name, sizeof(account.name), "Account %u", number);
	assert_int_equal(store_add_account(fixture->store, &account), RESULT_OK);
}

void fixture_add_website(struct fixture *fixture, unsigned number, unsigned owner)
{
	struct website_record website = {.id = website_id(number), .created_at = number};
	struct id owner_id = account_id(owner);

	snprintf(website.domain, sizeof(website.domain), "w%u.example.com", number);
	snprintf(website.name, sizeof(website.name), "Website %u", number);
	assert_int_equal(store_add_website(fixture->store, &website, &owner_id), RESULT_OK);
}

struct made_token fixture_add_token(struct fixture *fixture, unsigned account, const char *scope,
				    const struct id *parent)
{
	struct token_record record = {.id = id_new(timestamp_now()),
				      .scope = scope_of(scope),
				      .has_parent = parent != NULL,
				      .created_at = 1000,
				      .last_used_at = STORE_NO_MOMENT,
				      .revoked_at = STORE_NO_MOMENT};
	struct made_token made = {.id = record.id};

	record.scope.account = account_id(account);
	if (parent != NULL)
		record.parent = *parent;
	token_mint(fixture->config.token_prefix, &made.key, &record.selector, &record.display_key);
	assert_int_equal(secret_hash_key(&made.key, &fixture->config.scrypt, &record.hash),
			 RESULT_OK);
	assert_int_equal(store_add_token(fixture->store, &record), RESULT_OK);
	token_record_clear(&record);
	return made;
}

void run_sql(const char *path, const char *sql)
{
	sqlite3 *database;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
}

struct caller fixture_caller(struct fixture *fixture, const struct id *id)
{
	struct caller caller = {0};

	assert_int_equal(store_find_token(fixture->store, id, &caller.token), RESULT_OK);
	return caller;
}
