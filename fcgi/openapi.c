/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "json_write.h"

static const char *const pieces[] = {
#include "openapi_json.h"
};

/* GET /api/v1/openapi.json: fcgi/openapi.json, with where it is mounted in front. */
enum result openapi_show(struct worker *worker, const struct request *request,
			 struct response *response)
{
	const char *base = worker->server->config->base_path;
	struct buffer *out = &response->body;
	enum result result;

	(void)request;
	buffer_append_char(out, '{');
	json_write_name("servers", out);
	buffer_append_text(out, "[{");
	json_write_name("url", out);
	json_write_string(*base == '\0' ? "/" : base, out);
	buffer_append_text(out, "}],");
	for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++)
		buffer_append_text(out, pieces[i]);
	result = buffer_result(out);
	if (result == RESULT_OK)
		response->status = 200;
	return result;
}
