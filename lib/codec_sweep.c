/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "codec_body.h"
#include "id.h"
#include "timestamp.h"

#include <json-c/json.h>

#include <string.h>

static enum result refuse(const struct body *body, const char *field, const char *wanted)
{
	return error_set(body->err, RESULT_INVALID_FIELD, field, "%s: %s is wanted", field, wanted);
}

/* "" where VALUE is no string, which no reader takes. */
static const char *text_of(struct json_object *value, size_t *length)
{
	*length = 0;
	if (!json_object_is_type(value, json_type_string))
		return "";
	*length = (size_t)json_object_get_string_len(value);
	return json_object_get_string(value);
}

static bool is_word(struct json_object *value, const char *word)
{
	size_t length;
	const char *text = text_of(value, &length);

	return length == strlen(word) && memcmp(text, word, length) == 0;
}

static enum result read_state(const struct body *body, const char *field, struct json_object *value)
{
	struct sweep_order *order = body->into;

	order->sweep.filter.active = is_word(value, "active");
	order->sweep.filter.expired = is_word(value, "expired");
	order->has_filter = true;
	if (order->sweep.filter.active || order->sweep.filter.expired)
		return RESULT_OK;
	return refuse(body, field, "\"active\" or \"expired\"; leave it out for both");
}

static enum result read_name_part(const struct body *body, const char *field,
				  struct json_object *value)
{
	struct sweep_order *order = body->into;
	size_t length;
	const char *text = text_of(value, &length);

	if (!text_is_name_part(text, length))
		return refuse(body, field, "a part of a name, 1 to 100 characters,");
	memcpy(order->name_part, text, length);
	order->name_part[length] = '\0';
	order->sweep.filter.name_part = order->name_part;
	order->has_filter = true;
	return RESULT_OK;
}

static enum result read_id(const struct body *body, const char *field, struct json_object *value,
			   struct id *id)
{
	size_t length;
	const char *text = text_of(value, &length);

	if (!id_parse(text, length, id))
		return refuse(body, field, "an id of 24 lower-case hex digits");
	return RESULT_OK;
}

static enum result read_parent(const struct body *body, const char *field,
			       struct json_object *value)
{
	struct sweep_order *order = body->into;

	order->has_filter = order->sweep.filter.has_parent = true;
	return read_id(body, field, value, &order->sweep.filter.parent);
}

static enum result read_permission(const struct body *body, const char *field,
				   struct json_object *value)
{
	struct sweep_order *order = body->into;
	size_t length;
	const char *text = text_of(value, &length);

	order->has_filter = true;
	if (permission_set_find(&body->config->catalogue, text, length,
				&order->sweep.filter.permission))
		return RESULT_OK;
	return refuse(body, field, "a name that GET /permissions lists, or \"*\",");
}

static enum result read_website(const struct body *body, const char *field,
				struct json_object *value)
{
	struct sweep_order *order = body->into;

	order->has_filter = order->sweep.filter.has_website = true;
	return read_id(body, field, value, &order->sweep.filter.website);
}

/* Before a moment that is still to come all was used last: a wrong digit must not revoke all. */
static enum result read_unused_since(const struct body *body, const char *field,
				     struct json_object *value)
{
	struct sweep_order *order = body->into;
	size_t length;
	const char *text = text_of(value, &length);

	order->has_filter = order->sweep.filter.has_unused_since = true;
	if (timestamp_parse(text, length, &order->sweep.filter.unused_since) &&
	    order->sweep.filter.unused_since <= body->now)
		return RESULT_OK;
	return refuse(body, field, "a moment that has passed, such as \"2026-01-31T12:00:00Z\",");
}

static enum result read_flag(const struct body *body, const char *field, struct json_object *value,
			     bool *flag)
{
	*flag = json_object_get_boolean(value);
	return json_object_is_type(value, json_type_boolean) ? RESULT_OK
							     : refuse(body, field, "true or false");
}

static enum result read_cascade(const struct body *body, const char *field,
				struct json_object *value)
{
	struct sweep_order *order = body->into;

	return read_flag(body, field, value, &order->sweep.cascade);
}

static enum result read_dry_run(const struct body *body, const char *field,
				struct json_object *value)
{
	struct sweep_order *order = body->into;

	return read_flag(body, field, value, &order->sweep.is_dry_run);
}

static enum result read_cursor(const struct body *body, const char *field,
			       struct json_object *value)
{
	struct sweep_order *order = body->into;
	size_t length;
	const char *text = text_of(value, &length);

	if (length == 0 || length >= sizeof(order->cursor) || strlen(text) != length)
		return refuse(body, field, "the nextCursor of the answer before");
	memcpy(order->cursor, text, length + 1);
	return RESULT_OK;
}

/* What a revocation of many may say, checked in this order: the names of the list's query. */
// clang-format off
static const struct body_field sweep_fields[] = {
	{ "state",       read_state        },
	{ "q",           read_name_part    },
	{ "parentId",    read_parent       },
	{ "permission",  read_permission   },
	{ "websiteId",   read_website      },
	{ "unusedSince", read_unused_since },
	{ "cascade",     read_cascade      },
	{ "dryRun",      read_dry_run      },
	{ "cursor",      read_cursor       },
};
// clang-format on

enum result codec_read_sweep(const struct config *config, const char *text, size_t length,
			     int64_t now, struct sweep_order *order, struct error *err)
{
	static const char how_to_choose[] =
		"Say which tokens to revoke: give parentId, permission, websiteId, unusedSince, q "
		"or state";
	struct body body = {config, now, order, err};
	bool is_empty = true;
	enum result result = RESULT_OK;

	*order = (struct sweep_order){.sweep.filter = {.active = true, .expired = true}};
	if (length > 0)
		result = body_read(&body, sweep_fields, ARRAY_LENGTH(sweep_fields), text, length,
				   &is_empty);
	if (result == RESULT_OK && !order->has_filter)
		return error_set(err, RESULT_INVALID_JSON, NULL, "%s", how_to_choose);
	return result;
}
