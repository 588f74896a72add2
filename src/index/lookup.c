/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "index/lookup.h"

#include <errno.h>
#include <string.h>

/* What can be asked of an index. */
enum question {
	ASK_NAME,  /* is this key in it? The key is the module. */
	ASK_ALIAS, /* which keys match? Their values are modules. */
};

static const struct {
	enum index_file file;
	enum question question;
	const char *prefix; /* of requests that it may answer */
	bool has_colons;    /* in what it answers to */
	bool is_for_names;  /* asked for plain module names too */
} sources[LOOKUP_SOURCES] = {
	[LOOKUP_DEP] = { INDEX_DEP_BIN, ASK_NAME, "", false, true },
	[LOOKUP_SYMBOLS] = { INDEX_SYMBOLS_BIN, ASK_ALIAS, "symbol:", true, false },
	[LOOKUP_ALIAS] = { INDEX_ALIAS_BIN, ASK_ALIAS, "", true, false },
	[LOOKUP_BUILTIN] = { INDEX_BUILTIN_BIN, ASK_NAME, "", true, true },
	[LOOKUP_BUILTIN_ALIAS] = { INDEX_BUILTIN_ALIAS_BIN, ASK_ALIAS, "", true, true },
};

enum index_file lookup_file(enum lookup_source source)
{
	return sources[source].file;
}

int lookup_add(struct lookup *lookup, enum lookup_source source, struct bytes file)
{
	struct lookup_part *part = &lookup->parts[source];

	*part = (struct lookup_part){ 0 };
	/* Older depmods write no bytes where nothing is built in; elsewhere a file was not finished. */
	if (file.size == 0 && source != LOOKUP_BUILTIN && source != LOOKUP_BUILTIN_ALIAS)
		part->error = diag_offset(&part->diag, -EBADMSG, 0, "empty file, no index");
	else
		part->error = index_reader_open(file, &part->reader, &part->diag);
	part->is_open = part->error == 0;
	return part->error;
}

bool lookup_is_for(enum lookup_source source, bool is_name, const char *request)
{
	if (is_name && !sources[source].is_for_names)
		return false;
	if (!sources[source].has_colons && strchr(request, ':'))
		return false;
	return strncmp(request, sources[source].prefix, strlen(sources[source].prefix)) == 0;
}

/* What is wrong with the index goes to its part. */
int lookup_ask(struct lookup *lookup, enum lookup_source source, struct lookup_answer *answer)
{
	struct lookup_part *part = &lookup->parts[source];
	bool is_name = sources[source].question == ASK_NAME;
	struct diag diag = { 0 };
	int r;

	if (!part->is_open) {
		if (part->error < 0)
			answer->broken |= 1u << source;
		return -ENOENT;
	}
	if (is_name)
		r = index_reader_find(&part->reader, answer->request, &answer->values, &diag);
	else
		r = index_reader_search_counted(&part->reader, answer->request, &answer->values,
						&lookup->work, &diag);
	if (r == 0) {
		answer->source = source;
		/* A key of such an index is one module, however often it was put there. */
		if (is_name)
			answer->values.n = 1;
	}
	if (r == 0 || r == -ENOENT || r == -ENOMEM)
		return r;
	part->error = r;
	part->diag = diag;
	answer->broken |= 1u << source;
	return -ENOENT;
}

static int ask_all(struct lookup *lookup, bool is_name, struct lookup_answer *answer)
{
	for (enum lookup_source source = 0; source < LOOKUP_SOURCES; source++) {
		int r = -ENOENT;

		if (lookup_is_for(source, is_name, answer->request))
			r = lookup_ask(lookup, source, answer);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

int lookup_begin(const char *request, bool is_name, struct lookup_answer *ret_answer)
{
	size_t n = strcspn(request, ".");
	int r;

	ret_answer->values.n = 0;
	ret_answer->broken = 0;
	if (!is_name) {
		r = name_normalize_alias(request, ret_answer->request);
		return r < 0 ? r : 0;
	}
	if (n > ALIAS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		ret_answer->request[i] = request[i] == '-' ? '_' : request[i];
	ret_answer->request[n] = '\0';
	return 0;
}

int lookup_find(struct lookup *lookup, const char *request, struct lookup_answer *ret_answer)
{
	int r = lookup_begin(request, false, ret_answer);

	return r < 0 ? r : ask_all(lookup, false, ret_answer);
}

int lookup_find_name(struct lookup *lookup, const char *name, struct lookup_answer *ret_answer)
{
	int r = lookup_begin(name, true, ret_answer);

	return r < 0 ? r : ask_all(lookup, true, ret_answer);
}

const char *lookup_answer_module(const struct lookup_answer *answer, size_t i)
{
	if (sources[answer->source].question == ASK_NAME)
		return answer->request;
	return answer->values.items[i].text;
}

void lookup_answer_done(struct lookup_answer *answer)
{
	if (answer)
		index_values_done(&answer->values);
}

int lookup_dep(struct lookup *lookup, const char *module, struct dep_line *ret_line)
{
	struct lookup_part *part = &lookup->parts[LOOKUP_DEP];
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	struct diag diag = { 0 };
	int r;

	if (!part->is_open)
		return part->error < 0 ? part->error : -ENOENT;
	r = index_reader_find(&part->reader, module, &values, &diag);
	if (r == 0 && dep_line_open(values.items[0].text, ret_line) < 0)
		r = diag_offset(&diag, -EBADMSG,
				(uint64_t)((const uint8_t *)values.items[0].text -
					   part->reader.file.base),
				"line of module %.64s has no path with a colon behind", module);
	if (r < 0 && r != -ENOENT && r != -ENOMEM) {
		part->error = r;
		part->diag = diag;
	}
	return r;
}

int dep_line_open(const char *value, struct dep_line *ret_line)
{
	const char *colon = strchr(value, ':');

	while (colon && colon[1] && colon[1] != ' ' && colon[1] != '\t')
		colon = strchr(colon + 1, ':');
	if (!colon || colon == value)
		return -EBADMSG;
	*ret_line = (struct dep_line){ value, (size_t)(colon - value), colon + 1 };
	return 0;
}

bool dep_line_next(struct dep_line *line, const char **ret_path, size_t *ret_size)
{
	const char *from = line->rest + strspn(line->rest, " \t");
	size_t n = strcspn(from, " \t");

	line->rest = from + n;
	if (n == 0)
		return false;
	*ret_path = from;
	*ret_size = n;
	return true;
}
