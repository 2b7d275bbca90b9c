/* SPDX-License-Identifier: ISC */
#include "token.h"

#include "ascii.h"

#include <sodium.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { ALPHABET_LENGTH = sizeof(alphabet) - 1 };
enum { DISPLAY_HEAD = 3, DISPLAY_TAIL = 4 };

/* CRC-32 of IEEE 802.3, reflected, four bits a step. */
static uint32_t crc32(const char *text, size_t length)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
		0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
		0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
	};
	uint32_t crc = 0xFFFFFFFF;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint8_t)text[i];
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}

static void write_checksum(const char *text, size_t length, char checksum[static CHECKSUM_LENGTH])
{
	uint32_t rest = crc32(text, length);

	for (size_t i = CHECKSUM_LENGTH; i > 0; i--) {
		checksum[i - 1] = alphabet[rest % ALPHABET_LENGTH];
		rest /= ALPHABET_LENGTH;
	}
}

bool token_prefix_valid(const char *prefix)
{
	size_t length = strlen(prefix);

	if (length < 2 || length > TOKEN_PREFIX_MAX || prefix[length - 1] != '_')
		return false;
	for (size_t i = 0; i < length - 1; i++)
		if (!ascii_is_alnum(prefix[i]))
			return false;
	return true;
}

void token_mask(const char *prefix, const struct key *key, struct display_key *display)
{
	size_t shown = strlen(prefix) + DISPLAY_HEAD;

	*display = (struct display_key){0};
	memcpy(display->text, key->secret_text, shown);
	memcpy(display->text + shown, "...", 3);
	memcpy(display->text + shown + 3,
	       key->secret_text + strlen(prefix) + TOKEN_BODY_LENGTH - DISPLAY_TAIL, DISPLAY_TAIL);
}

void token_mint(const char *prefix, struct key *key, struct selector *selector,
		struct display_key *display)
{
	size_t prefix_length = strlen(prefix);
	char *body = key->secret_text + prefix_length;
	size_t checked = prefix_length + SELECTOR_LENGTH + SECRET_LENGTH;

	*key = (struct key){0};
	*selector = (struct selector){0};
	memcpy(key->secret_text, prefix, prefix_length);
	for (size_t i = 0; i < SELECTOR_LENGTH + SECRET_LENGTH; i++)
		body[i] = alphabet[randombytes_uniform(ALPHABET_LENGTH)];
	write_checksum(key->secret_text, checked, key->secret_text + checked);

	memcpy(selector->text, body, SELECTOR_LENGTH);
	token_mask(prefix, key, display);
}

static bool is_body(const char *text)
{
	for (size_t i = 0; i < TOKEN_BODY_LENGTH; i++)
		if (!ascii_is_alnum(text[i]))
			return false;
	return true;
}

bool token_parse(const char *prefix, const char *text, size_t length, struct key *key,
		 struct selector *selector)
{
	size_t prefix_length = strlen(prefix);
	size_t checked = prefix_length + SELECTOR_LENGTH + SECRET_LENGTH;
	char checksum[CHECKSUM_LENGTH];

	*key = (struct key){0};
	*selector = (struct selector){0};
	if (length != prefix_length + TOKEN_BODY_LENGTH ||
	    memcmp(text, prefix, prefix_length) != 0 || !is_body(text + prefix_length))
		return false;
	write_checksum(text, checked, checksum);
	if (memcmp(checksum, text + checked, CHECKSUM_LENGTH) != 0)
		return false;
	memcpy(key->secret_text, text, length);
	memcpy(selector->text, text + prefix_length, SELECTOR_LENGTH);
	return true;
}

bool token_parse_any(const char *text, size_t length, struct key *key)
{
	char prefix[TOKEN_PREFIX_MAX + 1] = "";
	struct selector selector;
	size_t prefix_length = length < TOKEN_BODY_LENGTH ? 0 : length - TOKEN_BODY_LENGTH;

	*key = (struct key){0};
	if (prefix_length > TOKEN_PREFIX_MAX)
		return false;
	memcpy(prefix, text, prefix_length);
	return token_prefix_valid(prefix) && token_parse(prefix, text, length, key, &selector);
}

bool token_find_form(const char *prefix, const char *text, size_t length, size_t *at)
{
	size_t prefix_length = strlen(prefix);
	size_t key_length = prefix_length + TOKEN_BODY_LENGTH;

	for (size_t i = 0; i + key_length <= length; i++) {
		const char *found = memchr(text + i, prefix[0], length - key_length - i + 1);

		if (found == NULL)
			return false;
		i = (size_t)(found - text);
		if (memcmp(found, prefix, prefix_length) == 0 && is_body(found + prefix_length)) {
			*at = i;
			return true;
		}
	}
	return false;
}

bool token_write_line(const struct key *key, int descriptor)
{
	char line[KEY_TEXT_SIZE + 1];
	size_t length = strlen(key->secret_text), written = 0;

	memcpy(line, key->secret_text, length);
	line[length++] = '\n';
	while (written < length) {
		ssize_t count = write(descriptor, line + written, length - written);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		written += (size_t)count;
	}
	sodium_memzero(line, sizeof(line));
	return written == length;
}

void token_append(const struct key *key, struct buffer *out)
{
	buffer_append_text(out, key->secret_text);
}

void token_key_wipe(struct key *key)
{
	sodium_memzero(key, sizeof(*key));
}
