/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/modinfo-view.h"

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/hash.h"
#include "codec/pkcs7.h"
#include "engine/hard-names.h"
#include "index/builtin.h"

/* Hexadecimal values are broken after so many bytes. */
#define HEX_COLUMNS 20

struct builder {
	struct modinfo_tools *tools;
	const char *path; /* for messages */
	struct buf fields, parms;
	uint32_t *parm_slots; /* index + 1 of a parameter, by the hash of its name */
	uint32_t n_slots;     /* a power of two */
	bool is_broken;	      /* no memory at some point */
};

static char *keep(struct builder *b, const void *s, size_t size)
{
	char *copy = arena_string(b->tools->arena, s ? s : "", size);

	b->is_broken = b->is_broken || !copy;
	return copy;
}

static void add_field(struct builder *b, const char *key, const char *value)
{
	const struct modinfo_field field = { key, value };

	if (key && value)
		buf_put(&b->fields, &field, sizeof(field));
}

static const char *hex_text(struct builder *b, struct bytes bytes)
{
	CLEANUP_BUF struct buf text = { 0 };

	for (size_t i = 0; i < bytes.size; i++) {
		if (i > 0)
			buf_put_string(&text, i % HEX_COLUMNS ? ":" : ":\n\t\t");
		buf_printf(&text, "%02X", bytes.base[i]);
	}
	b->is_broken = b->is_broken || text.error;
	return keep(b, text.base, text.size);
}

static struct modinfo_parm *parm_at(const struct builder *b, size_t i)
{
	return (struct modinfo_parm *)(void *)b->parms.base + i;
}

/* The parameter called @name, made if need be. There may be any number in a hostile file. */
static struct modinfo_parm *parm_of(struct builder *b, const char *name)
{
	size_t n = b->parms.size / sizeof(struct modinfo_parm);
	uint32_t i = hash_name(name, strlen(name));
	const struct modinfo_parm parm = { name, NULL, NULL };

	for (;; i++) {
		uint32_t *slot = &b->parm_slots[i & (b->n_slots - 1)];

		if (*slot && strcmp(parm_at(b, *slot - 1)->name, name) != 0)
			continue;
		if (!*slot) {
			buf_put(&b->parms, &parm, sizeof(parm));
			if (b->parms.error)
				return NULL;
			*slot = (uint32_t)n + 1;
		}
		return parm_at(b, *slot - 1);
	}
}

/* "name:text" of a parm= or parmtype= tag. */
static void add_parm(struct builder *b, const char *key, const char *value)
{
	const char *colon = strchr(value, ':');
	struct modinfo_parm *parm;
	const char *name;

	if (!colon) {
		log_message(b->tools->log, LOG_ERR, "%s: no ':' in \"%s=%s\"", b->path, key, value);
		return;
	}
	name = keep(b, value, (size_t)(colon - value));
	parm = name ? parm_of(b, name) : NULL;
	if (parm && strcmp(key, "parm") == 0)
		parm->description = colon + 1;
	else if (parm)
		parm->type = colon + 1;
}

static bool is_parm(const char *key)
{
	return strcmp(key, "parm") == 0 || strcmp(key, "parmtype") == 0;
}

static int merge_parms(struct builder *b)
{
	const struct modinfo_field *fields = (const struct modinfo_field *)(void *)b->fields.base;
	size_t n = b->fields.size / sizeof(*fields), n_parms = 0;

	for (size_t i = 0; i < n; i++)
		n_parms += is_parm(fields[i].key);
	for (b->n_slots = 16; b->n_slots < 2 * n_parms;)
		b->n_slots *= 2;
	b->parm_slots = arena_alloc(b->tools->arena, b->n_slots * sizeof(*b->parm_slots));
	if (!b->parm_slots)
		return -ENOMEM;
	memset(b->parm_slots, 0, b->n_slots * sizeof(*b->parm_slots));
	for (size_t i = 0; i < n; i++)
		if (is_parm(fields[i].key))
			add_parm(b, fields[i].key, fields[i].value);
	return b->parms.error;
}

static void add_signature_fields(struct builder *b, const struct modinfo_signature *s)
{
	add_field(b, "sig_id", s->type);
	add_field(b, "signer", s->signer);
	add_field(b, "sig_key", hex_text(b, s->key_id));
	add_field(b, "sig_hashalgo", s->hash);
	add_field(b, "signature", hex_text(b, s->data));
}

static void read_pkcs7(struct builder *b, const struct modfile *file, struct modinfo_signature *s)
{
	struct modinfo_tools *tools = b->tools;
	struct diag diag = { 0 };
	struct pkcs7 p;
	int r;

	r = pkcs7_read(tools->pkcs7, file->signature, tools->arena, &p, &diag);
	if (r == 0) {
		s->is_read = true;
		s->hash = p.hash;
		s->signer = keep(b, p.signer.base, p.signer.size);
		s->key_id = p.key_id;
		s->data = p.signature;
		return;
	}
	if (r == -EOPNOTSUPP && tools->has_told_no_pkcs7)
		return;
	tools->has_told_no_pkcs7 = r == -EOPNOTSUPP;
	diag.place = r == -EBADMSG ? DIAG_OFFSET : DIAG_NOWHERE;
	diag.where = file->facts->signature.off;
	log_diag(tools->log, LOG_WARNING, b->path, r, &diag);
}

/*
 * The trailer's own numbers; kernels up to 4.2 wrote the first two kinds.
 * Source: doc/formats/module.md, "Signature".
 */
static void read_signature(struct builder *b, const struct modfile *file,
			   struct modinfo_signature *s)
{
	static const char *const types[] = { "PGP", "X509", "PKCS#7" };
	static const char *const hashes[] = { "md4",	"md5",	  "sha1",   "rmd160", "sha256",
					      "sha384", "sha512", "sha224", "sm3" };
	const struct facts_signature *trailer = &file->facts->signature;

	if (!trailer->is_present || trailer->size == 0 ||
	    trailer->id_type >= sizeof(types) / sizeof(types[0]) ||
	    trailer->algo > 1 || trailer->hash >= sizeof(hashes) / sizeof(hashes[0]))
		return;
	*s = (struct modinfo_signature){
		.is_present = true, .type = types[trailer->id_type], .hash = "unknown", .signer = ""
	};
	if (trailer->id_type == 2) {
		read_pkcs7(b, file, s);
		return;
	}
	s->is_read = true;
	s->hash = hashes[trailer->hash];
	s->signer = keep(b, file->signer.base, file->signer.size);
	s->key_id = file->key_id;
	s->data = file->signature;
}

static void add_tag(struct builder *b, const char *tag)
{
	const char *equals = strchr(tag, '=');

	if (equals)
		add_field(b, keep(b, tag, (size_t)(equals - tag)), equals + 1);
	else
		add_field(b, tag, "");
}

/* Is @name an item of @list, whose items have any of @separators between them? '-' is '_'. */
static bool is_item(const char *list, const char *separators, const char *name)
{
	for (size_t n; *(list += strspn(list, separators)); list += n) {
		size_t i = 0;

		n = strcspn(list, separators);
		while (i < n && (list[i] == '-' ? '_' : list[i]) == (name[i] == '-' ? '_' : name[i]))
			i++;
		if (i == n && !name[n])
			return true;
	}
	return false;
}

static struct modinfo_field *next_field(const struct builder *b, const char *key,
					const struct modinfo_field *after)
{
	struct modinfo_field *fields = (struct modinfo_field *)(void *)b->fields.base;
	size_t n = b->fields.size / sizeof(*fields);

	for (size_t i = after ? (size_t)(after - fields) + 1 : 0; i < n; i++)
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

static bool has_word(const struct builder *b, const char *word)
{
	const struct modinfo_field *field = NULL;

	while ((field = next_field(b, "harddep", field)))
		if (is_item(field->value, " \t", word))
			return true;
	return false;
}

/* So that who reads nothing but "depends" learns of them, too. */
static void add_to_depends(struct builder *b, const struct buf *modules)
{
	struct modinfo_field *field = next_field(b, "depends", NULL);
	CLEANUP_BUF struct buf text = { 0 };
	const char *module = NULL, *value;

	if (modules->size == 0 || !field)
		return;
	buf_put_string(&text, field->value);
	while ((module = hard_names_next(modules, module))) {
		if (is_item(field->value, ",", module))
			continue;
		buf_put_string(&text, text.size > 0 ? "," : "");
		buf_put_string(&text, module);
	}
	b->is_broken = b->is_broken || text.error;
	value = keep(b, text.base, text.size);
	if (value)
		field->value = value;
}

static void add_hards(struct builder *b, const struct hard_names *hard)
{
	const char *word = NULL;

	add_to_depends(b, &hard->modules);
	while ((word = hard_names_next(&hard->words, word)))
		if (!has_word(b, word))
			add_field(b, "harddep", keep(b, word, strlen(word)));
}

/* Moves what was collected to the arena, where the view can borrow it. */
static int finish(struct builder *b, struct modinfo_view *view)
{
	struct arena *arena = b->tools->arena;
	int r = b->fields.error ? b->fields.error : b->parms.error;

	view->fields = arena_alloc(arena, b->fields.size);
	view->parms = arena_alloc(arena, b->parms.size);
	if (r == 0 && (b->is_broken || !view->fields || !view->parms))
		r = -ENOMEM;
	if (r == 0) {
		view->n_fields = b->fields.size / sizeof(struct modinfo_field);
		view->n_parms = b->parms.size / sizeof(struct modinfo_parm);
		if (b->fields.size > 0)
			memcpy(view->fields, b->fields.base, b->fields.size);
		if (b->parms.size > 0)
			memcpy(view->parms, b->parms.base, b->parms.size);
	}
	buf_done(&b->fields);
	buf_done(&b->parms);
	return r;
}

static const char *name_of_file(struct builder *b, const struct modfile *file)
{
	const char *tag = facts_first(file->facts, "name");
	char name[MODULE_NAME_MAX + 1];

	if (tag && *tag)
		return tag;
	if (name_of_path(b->path, name) < 0)
		return "";
	return keep(b, name, strlen(name));
}

int modinfo_view_file(struct modinfo_tools *tools, const char *path, const struct modfile *file,
		      const struct hard_names *hard, struct modinfo_view *ret_view)
{
	struct builder b = { .tools = tools, .path = path };
	struct modinfo_view view = { .path = path, .codec = file->codec, .size = file->size };
	int r, finished;

	view.name = name_of_file(&b, file);
	/* Readers take "name", which is the last tag as a rule, for the end of a module. */
	if (hard->modules.size > 0 && !facts_first(file->facts, "depends"))
		add_field(&b, "depends", "");
	for (uint32_t i = 0; i < file->facts->n_modinfo; i++)
		add_tag(&b, facts_modinfo(file->facts, i));
	add_hards(&b, hard);
	view.n_tags = b.fields.size / sizeof(struct modinfo_field);
	r = merge_parms(&b);
	view.build_id = bytes_of(facts_build_id(file->facts), file->facts->build_id_size);
	if (view.build_id.size > 0)
		add_field(&b, "build-id", hex_text(&b, view.build_id));
	read_signature(&b, file, &view.signature);
	if (view.signature.is_present)
		add_signature_fields(&b, &view.signature);
	finished = finish(&b, &view);
	r = r < 0 ? r : finished;
	if (r == 0)
		*ret_view = view;
	return r;
}

static bool is_of(const struct builtin_tag *tag, const char *name)
{
	for (size_t i = 0; i < tag->module_size; i++) {
		char c = tag->module[i] == '-' ? '_' : tag->module[i];

		if (c != name[i]) /* also at the end of @name */
			return false;
	}
	return name[tag->module_size] == '\0';
}

int modinfo_view_builtin(struct modinfo_tools *tools, const char *name, struct bytes text,
			 struct modinfo_view *ret_view)
{
	struct builder b = { .tools = tools, .path = name };
	struct builtin_modinfo place = { .text = text };
	struct modinfo_view view = { .name = name };
	struct builtin_tag tag;
	int r, finished;

	while ((r = builtin_modinfo_next(&place, &tag, NULL)) != 0)
		if (r == 1 && is_of(&tag, name))
			add_field(&b, keep(&b, tag.key, tag.key_size),
				  keep(&b, tag.value, tag.value_size));
	view.n_tags = b.fields.size / sizeof(struct modinfo_field);
	r = merge_parms(&b);
	finished = finish(&b, &view);
	r = r < 0 ? r : finished;
	if (r == 0)
		*ret_view = view;
	return r;
}
