/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Can anything ever ask for each alias? The kernel writes some requests in a fixed form, capitals for
 * hex digits:
 *
 *   pci:v00001234d00005678sv0000ABCDsd00000001bc02sc00i00
 *   usb:v1D6Bp0002d0612dc09dsc00dp01ic09isc00ip00in00
 *   hid:b0003g0001v0000046Dp0000C31C
 *   virtio:d00000001v00001AF4
 *   acpi:PNP0A08:PNP0A03:          each identifier with a ':' behind
 *   of:NserialT(null)Cns16550a     name, type, then what it is compatible with
 *
 * Source: what Linux 2.6.32 to 6.12 gives as MODALIAS.
 */
#include <string.h>

#include "bytes/glob.h"
#include "check/rules-internal.h"

/* A place where requests have a hex digit. */
#define DIGIT '\1'
#define D2 "\1\1"
#define D4 D2 D2
#define D8 D4 D4

/* A set that is longer is not looked into. */
#define SET_MAX 64

static const struct form {
	const char *prefix;
	const char *form; /* all of a request */
	const char *words; /* for people */
} forms[] = {
	{ "pci:", "pci:v" D8 "d" D8 "sv" D8 "sd" D8 "bc" D2 "sc" D2 "i" D2,
	  "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X" },
	{ "usb:", "usb:v" D4 "p" D4 "d" D4 "dc" D2 "dsc" D2 "dp" D2 "ic" D2 "isc" D2 "ip" D2 "in" D2,
	  "usb:v%04Xp%04Xd%04Xdc%02Xdsc%02Xdp%02Xic%02Xisc%02Xip%02Xin%02X" },
	{ "hid:", "hid:b" D4 "g" D4 "v" D8 "p" D8, "hid:b%04Xg%04Xv%08Xp%08X" },
	{ "virtio:", "virtio:d" D8 "v" D8, "virtio:d%08Xv%08X" },
};

static const char digits[] = "0123456789ABCDEF";

/* All that a folded request is made of: no '-'. */
static const char printable[] = " !\"#$%&'()*+,./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
				"abcdefghijklmnopqrstuvwxyz{|}~";

/* Bytes of the set at @s, "[...]"; 0 where it is one that we rather do not judge. */
static size_t set_size(const char *s)
{
	size_t n = 1;

	n += s[n] == '!' || s[n] == '^';
	n += s[n] == ']';
	n += strcspn(s + n, "]");
	return s[n] == ']' && n < SET_MAX - 1 && !memchr(s + 1, '[', n) && !memchr(s, '\\', n) ? n + 1 : 0;
}

static bool set_has_any(const char *s, size_t size, const char *of)
{
	char set[SET_MAX], one[2] = { 0 };

	memcpy(set, s, size);
	set[size] = 0;
	for (; *of; of++) {
		one[0] = *of;
		if (glob_matches(set, one))
			return true;
	}
	return false;
}

static bool takes_byte(char pattern, char form)
{
	if (form == DIGIT)
		return pattern && strchr(digits, pattern);
	return (pattern == '-' ? '_' : pattern) == form;
}

/*
 * Can the element of a pattern at @p stand where the form has @form? @ret_size: its bytes; 0 where it
 * can't be told.
 */
static bool fits(const char *p, char form, size_t *ret_size)
{
	char byte[2] = { form, 0 };

	*ret_size = 1;
	if (*p == '?')
		return true;
	if (*p == '\\')
		*ret_size = 0;
	if (*p != '[')
		return takes_byte(*p, form);
	*ret_size = set_size(p);
	return *ret_size == 0 || set_has_any(p, *ret_size, form == DIGIT ? digits : byte);
}

/*
 * Is there a request of this form that the pattern matches? Each place of the form has a set of bytes
 * of its own, so going back to the last star is enough, as it is for plain text. True where it can't
 * be told. Time is at most len(@pattern) * len(@form).
 */
static bool is_possible(const char *pattern, const char *form)
{
	const char *star = NULL, *back = NULL;

	while (*form) {
		size_t size = 0;

		if (*pattern == '*') {
			star = ++pattern;
			back = form;
			continue;
		}
		if (*pattern && fits(pattern, *form, &size)) {
			if (size == 0)
				return true;
			pattern += size;
			form++;
			continue;
		}
		if (*pattern == '\\')
			return true;
		if (!star)
			return false;
		pattern = star;
		form = ++back;
	}
	pattern += strspn(pattern, "*");
	return *pattern == 0;
}

/* Any set that nothing but '-' is in: requests have '_' for that. */
static bool has_dash_set(const char *pattern)
{
	size_t n;

	for (; (pattern = strchr(pattern, '[')) != NULL; pattern += n) {
		n = set_size(pattern);
		if (n == 0)
			return false;
		if (memchr(pattern, '-', n) && !set_has_any(pattern, n, printable))
			return true;
	}
	return false;
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Why nothing can ask for the alias, in words that go on after it; NULL: something may. */
static const char *why_impossible(const char *alias, const char **ret_form)
{
	size_t n = strlen(alias);

	*ret_form = NULL;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (starts(alias, forms[i].prefix)) {
			*ret_form = is_possible(alias, forms[i].form) ? NULL : forms[i].words;
			return *ret_form ? "all requests of its kind have the form" : NULL;
		}
	if (starts(alias, "acpi:") || starts(alias, "acpi*:"))
		return strchr("*?]:", alias[n - 1]) ? NULL : "requests have a ':' behind each identifier";
	if (starts(alias, "of:") && !strchr("N*?[", alias[3]))
		return "requests go on with 'N' and the name of a node";
	if (strcmp(alias, "platform:") == 0)
		return "devices have names";
	return has_dash_set(alias) ? "its set holds '-' alone, for which requests have '_'" : NULL;
}

static int check_alias(struct check *c, uint32_t i, const char *alias)
{
	struct check_about about = { .module = i, .is_of_module = true, .section = ".modinfo", .object = alias };
	const char *form, *why = why_impossible(alias, &form);

	if (!why)
		return 0;
	return check_add(c, &about, "no request can match alias %s: %s%s%s", alias, why, form ? " " : "",
			 form ? form : "");
}

int check_impossible_alias(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++)
		for (uint32_t k = 0; r == 0 && k < g->modules[i].facts->n_modinfo; k++) {
			const char *alias = facts_tag(facts_modinfo(g->modules[i].facts, k), "alias");

			r = alias ? check_alias(c, i, alias) : 0;
		}
	return r;
}

/* What depmod found when it made its outputs. */
static int add_findings(struct check *c, enum finding_kind kind)
{
	int r = 0;

	for (size_t i = 0; i < c->in->n_findings; i++)
		for (const struct finding *x = c->in->findings[i]->first; r == 0 && x; x = x->next) {
			struct check_about about = { .module = x->module, .is_of_module = true, .section = ".modinfo",
						     .object = x->symbol };

			if (x->kind != kind || x->module == GRAPH_NONE)
				continue;
			r = kind == FINDING_BAD_ALIAS
				    ? check_add(c, &about, "no index can hold alias %s: it %s", x->symbol, x->why)
				    : check_add(c, &about, "alias devname:%s without a char-major or block-major alias, "
						"so no node can be made before the module is loaded", x->symbol);
		}
	return r;
}

int check_unfit_alias(struct check *c)
{
	return add_findings(c, FINDING_BAD_ALIAS);
}

int check_devname_without_numbers(struct check *c)
{
	return add_findings(c, FINDING_NO_NUMBERS);
}
