/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   mii 16384 2 r8169,e100, Live 0xffffffffc0a2e000 (E)
 *   name size users holders state address [(taints)]
 *
 * "-" stands for no holders, and also for no count of users. "[permanent]," among the holders is
 * the kernel's mark of a module that cannot go.
 */
#include "conf/proc-modules.h"

#include "bytes/diag.h"

#define PERMANENT "[permanent]"

static bool is_word(struct bytes b, const char *word)
{
	return b.size == strlen(word) && memcmp(b.base, word, b.size) == 0;
}

/* Next word of @rest, which moves behind it; empty when there is none. */
static struct bytes take_word(struct bytes *rest)
{
	size_t from = 0, to;
	struct bytes word;

	while (from < rest->size && rest->base[from] == ' ')
		from++;
	for (to = from; to < rest->size && rest->base[to] != ' '; to++)
		;
	word = bytes_of(rest->base + from, to - from);
	*rest = bytes_of(rest->base + to, rest->size - to);
	return word;
}

/* Names reach terminals and file systems. */
static bool is_name(struct bytes word)
{
	for (size_t i = 0; i < word.size; i++)
		if (word.base[i] <= ' ' || word.base[i] >= 0x7f || word.base[i] == '/' ||
		    word.base[i] == ',')
			return false;
	return word.size > 0;
}

/* Up to INT64_MAX, so that every number can be shown anywhere. */
static bool parse_number(struct bytes word, int64_t *ret_n)
{
	int64_t n = 0;

	for (size_t i = 0; i < word.size; i++) {
		int digit = word.base[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, digit, &n))
			return false;
	}
	*ret_n = n;
	return word.size > 0;
}

static const char *parse_users(struct bytes word, struct proc_module *m)
{
	if (is_word(word, "-"))
		return NULL;
	m->has_users = true;
	if (is_word(word, "-1")) /* it is about to go */
		return NULL;
	return parse_number(word, &m->n_users) ? NULL : "no number of users";
}

/* "a,b,[permanent]," */
static const char *parse_holders(struct bytes word, struct proc_module *m)
{
	struct bytes rest, part;

	if (is_word(word, "-"))
		return NULL;
	if (word.size == 0 || word.base[word.size - 1] != ',')
		return "no list of users";
	m->holders = word;
	for (size_t from = 0, to = 0; to < word.size; to++) {
		if (word.base[to] != ',')
			continue;
		part = bytes_of(word.base + from, to - from);
		if (!is_name(part))
			return "no list of users";
		m->is_permanent |= is_word(part, PERMANENT);
		from = to + 1;
	}
	rest = m->holders;
	if (!proc_modules_holder(&rest, &part)) /* none but the mark */
		m->holders = bytes_of(NULL, 0);
	return NULL;
}

static const char *parse_state(struct bytes word, struct proc_module *m)
{
	static const char *const states[] = {
		[PROC_MODULE_LIVE] = "Live",
		[PROC_MODULE_LOADING] = "Loading",
		[PROC_MODULE_UNLOADING] = "Unloading",
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (!is_word(word, states[i]))
			continue;
		m->state = (enum proc_module_state)i;
		return NULL;
	}
	return "neither Live, Loading nor Unloading";
}

/* The address, which does not matter, and "(OE)". */
static const char *parse_rest(struct bytes rest, struct proc_module *m)
{
	struct bytes word;

	(void)take_word(&rest);
	word = take_word(&rest);
	if (word.size == 0)
		return NULL;
	if (word.size < 2 || word.base[0] != '(' || word.base[word.size - 1] != ')')
		return "no taints in parentheses";
	word = bytes_of(word.base + 1, word.size - 2);
	if (word.size > 0 && !is_name(word))
		return "no taints in parentheses";
	m->taints = word;
	return NULL;
}

/* Return: NULL; what is wrong. */
static const char *parse_line(struct bytes rest, struct proc_module *m)
{
	const char *wrong;

	m->name = take_word(&rest);
	if (!is_name(m->name))
		return "no name of a module";
	if (!parse_number(take_word(&rest), &m->size))
		return "no size";
	wrong = parse_users(take_word(&rest), m);
	if (!wrong)
		wrong = parse_holders(take_word(&rest), m);
	if (!wrong)
		wrong = parse_state(take_word(&rest), m);
	return wrong ? wrong : parse_rest(rest, m);
}

int proc_modules_next(struct proc_modules *modules, struct proc_module *ret_module,
		      struct diag *diag)
{
	while (modules->off < modules->text.size) {
		const uint8_t *from = modules->text.base + modules->off;
		size_t left = modules->text.size - modules->off;
		const uint8_t *end = memchr(from, '\n', left);
		struct bytes line = bytes_of(from, end ? (size_t)(end - from) : left);
		struct proc_module module = { 0 };
		const char *wrong;

		modules->off += line.size + (end ? 1 : 0);
		modules->line++;
		if (line.size == 0)
			continue;
		wrong = parse_line(line, &module);
		if (wrong)
			return diag_line(diag, -EBADMSG, modules->line, "%s", wrong);
		*ret_module = module;
		return 1;
	}
	return 0;
}

bool proc_modules_holder(struct bytes *holders, struct bytes *ret_name)
{
	while (holders->size > 0) {
		const uint8_t *end = memchr(holders->base, ',', holders->size);
		size_t size = end ? (size_t)(end - holders->base) : holders->size;
		struct bytes name = bytes_of(holders->base, size);

		*holders = bytes_of(holders->base + size + (end ? 1 : 0),
				    holders->size - size - (end ? 1 : 0));
		if (is_word(name, PERMANENT))
			continue;
		*ret_name = name;
		return true;
	}
	return false;
}
