/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/suggest.h"

#include <string.h>

#include "elf/facts.h"

/* Of a text that is quoted. */
#define QUOTE_MAX 160u

/* In front of the first conversion of a format: with fewer characters, it would match anything. */
#define FORMAT_START_MIN 4u

/* Aliases of one module that are looked for; the texts are gone through for each. */
#define ALIASES_MAX 256u

/** struct supply - what one module provides for and another one uses, found by their imports */
struct supply {
	enum suggest_trait user, provider;
	enum suggest_verdict verdict;
	const char *uses, *provides, *why;
};

static const struct supply supplies[] = {
	{ TRAIT_USES_GOVERNOR, TRAIT_HAS_GOVERNOR, SUGGEST_PRESENCE, "adds devices to devfreq",
	  "registers a governor", "devfreq asks for the module of a governor by its name" },
	{ TRAIT_USES_NLS, TRAIT_HAS_NLS, SUGGEST_PRESENCE, "loads character sets",
	  "registers one", "the kernel asks for their modules by name" },
	{ TRAIT_USES_LOGGER, TRAIT_HAS_LOGGER, SUGGEST_PRESENCE, "looks for a packet logger",
	  "registers one", "netfilter asks for the module of a logger by its number" },
	{ TRAIT_USES_TEE, TRAIT_HAS_TEE, SUGGEST_HARD, "opens a trusted execution environment",
	  "registers one", "without one it fails" },
	{ TRAIT_USES_NETWORK_PHY, TRAIT_HAS_NETWORK_PHY, SUGGEST_HARD, "attaches network PHYs",
	  "registers drivers for them",
	  "a PHY that is attached before its driver is there gets the generic one" },
	{ TRAIT_USES_NETWORK_PHY, TRAIT_HAS_MDIO_BUS, SUGGEST_HARD, "attaches network PHYs",
	  "registers an MDIO bus", "no PHY is found before its bus is there" },
	{ TRAIT_USES_PHY, TRAIT_HAS_PHY, SUGGEST_HARD, "gets PHYs", "registers some",
	  "without one it fails, or has to wait for it" },
	{ TRAIT_USES_REGULATOR, TRAIT_HAS_REGULATOR, SUGGEST_HARD, "gets regulators",
	  "registers some", "a regulator that is not there yet is replaced by a dummy" },
	{ TRAIT_USES_CLOCK, TRAIT_HAS_CLOCK, SUGGEST_HARD, "gets clocks", "registers some",
	  "without one it fails, or has to wait for it" },
	{ TRAIT_USES_GPIO, TRAIT_HAS_GPIO, SUGGEST_HARD, "gets GPIO lines", "registers some",
	  "without one it fails, or has to wait for it" },
	{ TRAIT_USES_PINCTRL, TRAIT_HAS_PINCTRL, SUGGEST_HARD, "gets pin settings",
	  "registers pins", "without them it fails, or has to wait for them" },
};

/** struct judging - evidence so far */
struct judging {
	const struct suggest_case *c;
	struct buf *out;
	unsigned int found; /* bit (1 << verdict) */
	uint32_t n;	    /* sentences */
};

static char folded(char c)
{
	return c == '-' ? '_' : c;
}

static bool is_equal(const char *a, const char *b)
{
	while (*a && folded(*a) == folded(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_word_char(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool starts_with(const char *s, const char *start)
{
	while (*start && folded(lower(*s)) == folded(*start)) {
		s++;
		start++;
	}
	return *start == '\0';
}

static const char *next_string(struct bytes strings, size_t *at)
{
	const char *s = (const char *)strings.base + *at;

	if (*at >= strings.size)
		return NULL;
	*at += strlen(s) + 1;
	return s;
}

static void end_sentence(struct judging *j, enum suggest_verdict verdict)
{
	buf_put_u8(j->out, '\0');
	j->found |= 1u << verdict;
	j->n++;
}

/* Messages */

/* Where a text names @name as a word of its own; @is_file: as a file, with ".ko" behind. */
static bool is_named(const char *text, const char *name, bool *is_file)
{
	size_t n = strlen(name);

	for (const char *at = text; *at; at++) {
		if ((at > text && (is_word_char(at[-1]) || at[-1] == '/')) || !starts_with(at, name) ||
		    is_word_char(at[n]) || at[n] == '/')
			continue;
		*is_file = strncmp(at + n, ".ko", 3) == 0 && !is_word_char(at[n + 3]);
		return true;
	}
	return false;
}

static bool has_need_word(const char *text)
{
	static const char *const words[] = { "need", "requir", "missing", "not loaded", "cannot load",
					     "can't load", "could not load", "not found",
					     "initramfs", "initrd" };

	for (; *text; text++)
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (starts_with(text, words[i]))
				return true;
	return false;
}

static void put_quoted(const char *text, struct buf *out)
{
	size_t n = strcspn(text, "\n");

	buf_put_u8(out, '"');
	buf_put(out, text, n > QUOTE_MAX ? QUOTE_MAX : n);
	buf_put_string(out, n > QUOTE_MAX ? "...\"" : "\"");
}

/* The first message that says of @name that it is needed. */
static bool find_message(struct judging *j, const char *name)
{
	struct bytes strings = j->c->owner->strings;
	size_t at = 0;
	const char *s;

	if (strlen(name) < 3)
		return false;
	while ((s = next_string(strings, &at))) {
		bool is_file;

		if (!strchr(s, ' ') || !is_named(s, name, &is_file) || (!is_file && !has_need_word(s)))
			continue;
		buf_printf(j->out, "%s has the message ", j->c->owner->name);
		put_quoted(s, j->out);
		end_sentence(j, SUGGEST_HARD);
		return true;
	}
	return false;
}

static const char *behind_bus(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon ? colon + 1 : word;
}

static void look_at_messages(struct judging *j)
{
	if (find_message(j, behind_bus(j->c->word)))
		return;
	for (uint32_t i = 0; i < j->c->n_answers; i++)
		if (find_message(j, j->c->answers[i]->name))
			return;
}

/* Requests */

/* A format that could become @name: it goes on behind a '-', '_' or ':'. */
static bool is_format_of(const char *format, const char *name)
{
	size_t n = strcspn(format, "%");

	if (!format[n] || n < FORMAT_START_MIN || !strchr("-_:", format[n - 1]) || strchr(format, ' '))
		return false;
	for (size_t i = 0; i < n; i++)
		if (folded(format[i]) != folded(name[i]))
			return false;
	return true;
}

static const char *find_request(const struct judging *j, const char *name)
{
	size_t at = 0;
	const char *s;

	while ((s = next_string(j->c->owner->strings, &at)))
		if (is_equal(s, name) || is_format_of(s, name))
			return s;
	return NULL;
}

/* By its name or one of its aliases. */
static const char *find_request_of(const struct judging *j, const struct suggest_module *answer)
{
	const char *s = find_request(j, answer->name);
	uint32_t n = answer->facts ? answer->facts->n_modinfo : 0;

	for (uint32_t i = 0; !s && i < n && i < ALIASES_MAX; i++) {
		const char *alias = facts_tag(facts_modinfo(answer->facts, i), "alias");

		if (alias && !alias[strcspn(alias, "*?[")])
			s = find_request(j, alias);
	}
	return s;
}

static void look_at_requests(struct judging *j)
{
	const char *symbol = j->c->owner->traits[TRAIT_REQUESTS], *s;

	if (!symbol)
		return;
	s = find_request(j, j->c->word);
	for (uint32_t i = 0; !s && i < j->c->n_answers; i++)
		s = find_request_of(j, j->c->answers[i]);
	if (!s)
		return;
	buf_printf(j->out, "%s asks for modules when it runs (%s) and has the name ",
		   j->c->owner->name, symbol);
	put_quoted(s, j->out);
	end_sentence(j, SUGGEST_PRESENCE);
}

static void look_at_crypto(struct judging *j)
{
	const char *symbol = j->c->owner->traits[TRAIT_USES_CRYPTO];

	if (!symbol || !j->c->is_crypto)
		return;
	buf_printf(j->out,
		   "%s uses algorithms by name (%s), and the crypto layer asks for the module of one "
		   "when it is used",
		   j->c->owner->name, symbol);
	end_sentence(j, SUGGEST_PRESENCE);
}

/* Supplies */

static void look_at_supply(struct judging *j, const struct supply *supply)
{
	const struct suggest_module *owner = j->c->owner;

	for (uint32_t i = 0; i < j->c->n_answers; i++) {
		const struct suggest_module *answer = j->c->answers[i];

		if (!owner->traits[supply->user] || !answer->traits[supply->provider])
			continue;
		buf_printf(j->out, "%s %s (%s), and %s %s (%s): %s", owner->name, supply->uses,
			   owner->traits[supply->user], answer->name, supply->provides,
			   answer->traits[supply->provider], supply->why);
		end_sentence(j, supply->verdict);
		return;
	}
}

/* The owner's name for a device on the platform bus that the answer drives. */
static const char *find_device(const struct judging *j, const struct suggest_module *answer)
{
	static const char bus[] = "platform:";
	uint32_t n = answer->facts ? answer->facts->n_modinfo : 0;

	for (uint32_t i = 0; i < n && i < ALIASES_MAX; i++) {
		const char *alias = facts_tag(facts_modinfo(answer->facts, i), "alias");
		size_t at = 0;
		const char *s;

		if (!alias || strncmp(alias, bus, sizeof(bus) - 1) != 0)
			continue;
		while ((s = next_string(j->c->owner->strings, &at)))
			if (is_equal(s, alias + sizeof(bus) - 1))
				return s;
	}
	return NULL;
}

/*
 * A device that waits for its driver costs nothing, but a device that is a supply of others, who
 * get along with a dummy when it is late, does.
 */
static void look_at_device(struct judging *j, const struct suggest_module *answer)
{
	const char *symbol = j->c->owner->traits[TRAIT_MAKES_PLATFORM_DEVICES], *device, *supply;

	device = symbol ? find_device(j, answer) : NULL;
	if (!device)
		return;
	supply = answer->traits[TRAIT_HAS_REGULATOR];
	if (!supply)
		supply = answer->traits[TRAIT_HAS_CLOCK];
	buf_printf(j->out, "%s makes the device %s (%s), which %s drives: ", j->c->owner->name, device,
		   symbol, answer->name);
	if (supply)
		buf_printf(j->out, "a regulator or clock (%s) that comes late is missed by its users",
			   supply);
	else
		buf_put_string(j->out, "it waits for its driver");
	end_sentence(j, supply ? SUGGEST_HARD : SUGGEST_ORDER);
}

/* The verdict */

static enum suggest_verdict weigh(const struct judging *j)
{
	if (j->found & (1u << SUGGEST_PRESENCE))
		return SUGGEST_PRESENCE;
	if ((j->found & (1u << SUGGEST_HARD)) && !j->c->is_post)
		return SUGGEST_HARD;
	return SUGGEST_ORDER;
}

enum suggest_verdict suggest_judge(const struct suggest_case *c, struct buf *ret_evidence)
{
	struct judging j = { .c = c, .out = ret_evidence };

	if (c->is_needed) {
		buf_printf(ret_evidence, "%s uses its symbols", c->owner->name);
		end_sentence(&j, SUGGEST_HARD);
		return SUGGEST_HARD;
	}
	look_at_messages(&j);
	look_at_requests(&j);
	look_at_crypto(&j);
	for (size_t i = 0; i < sizeof(supplies) / sizeof(supplies[0]); i++)
		look_at_supply(&j, &supplies[i]);
	for (uint32_t i = 0; i < c->n_answers; i++)
		look_at_device(&j, c->answers[i]);
	if (j.n == 0) {
		buf_put_string(ret_evidence, "nothing in the files says more");
		end_sentence(&j, SUGGEST_ORDER);
	}
	return weigh(&j);
}

const char *suggest_verdict_name(enum suggest_verdict verdict)
{
	static const char *const names[] = { [SUGGEST_ORDER] = "order",
					     [SUGGEST_PRESENCE] = "presence",
					     [SUGGEST_HARD] = "hard" };

	return names[verdict];
}
