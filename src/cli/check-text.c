/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report of modsure check for people: how many of what, from which sources; findings by rule and
 * module; what was not asked, which is never said to be fine.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/check.h"

static void put_count(uint64_t n, const char *what, struct buf *out)
{
	buf_printf(out, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

void check_count_text(const struct check_command *c, struct buf *out)
{
	for (int i = CHECK_SEVERITIES - 1; i >= 0; i--) {
		put_count(check_count(&c->result.check, (enum check_severity)i),
			  check_severity_name((enum check_severity)i), out);
		buf_put_string(out, i > 0 ? ", " : " in ");
	}
	put_count(c->result.n_modules, "module", out);
	buf_put_u8(out, 0);
}

/* @text, done with, wrapped; lines begin at @indent, the first where @column says that we are. */
static void print(const struct check_command *c, struct buf *text, size_t column, size_t indent)
{
	CLEANUP_BUF struct buf clean = { 0 };

	buf_put_u8(text, 0);
	if (!text->error)
		view_clean(&c->view, (const char *)text->base, &clean);
	if (clean.base && !clean.error && clean.size > 0)
		view_wrap((const char *)clean.base, column, indent);
	buf_done(text);
}

static void print_line(const struct check_command *c, const char *label, const char *text, const char *path)
{
	struct buf line = { 0 };

	buf_printf(&line, "%s: %s", label, text);
	if (path)
		buf_printf(&line, "%s%s%s", text[0] ? " (" : "", path, text[0] ? ")" : "");
	print(c, &line, 0, 2);
}

static void print_sources(const struct check_command *c)
{
	const struct check_result *result = &c->result;

	if (result->exports_source[0])
		print_line(c, "symbols of the kernel", result->exports_source, result->exports_path);
	else
		print_line(c, "symbols of the kernel", "not known", NULL);
	if (!c->view.is_verbose)
		return;
	print_line(c, "options of the kernel's build", result->config_path ? "" : "not known", result->config_path);
	print_line(c, "vermagic of the kernel", result->vermagic_source ? "" : "not known",
		   result->vermagic_source);
	for (size_t i = 0; i < c->options.n_keyrings; i++)
		print_line(c, "keys", "", c->keyrings[i]);
}

/* Where it is: what has to be changed, else the module; at the left, once for findings of one place. */
static void print_place(const struct check_command *c, const struct check_finding *f)
{
	struct buf text = { 0 };

	buf_put_string(&text, f->file ? f->file : f->module ? f->module : "");
	if (f->line)
		buf_printf(&text, ":%u", f->line);
	if (f->section)
		buf_printf(&text, ", section %s", f->section);
	if (text.size > 0) {
		printf("  ");
		print(c, &text, 2, 4);
	}
	buf_done(&text);
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_place(const struct check_finding *a, const struct check_finding *b)
{
	return a && is_same(a->file, b->file) && a->line == b->line && is_same(a->section, b->section) &&
	       (a->file || is_same(a->module, b->module));
}

static void print_finding(const struct check_command *c, const struct check_finding *f,
			  const struct check_finding *last)
{
	struct buf text = { 0 };

	if (!is_same_place(last, f))
		print_place(c, f);
	if (f->severity != f->rule->severity)
		buf_printf(&text, "%s: ", check_severity_name(f->severity));
	if (f->is_accepted)
		buf_put_string(&text, "(accepted) ");
	buf_put_string(&text, f->message);
	printf("    ");
	print(c, &text, 4, 4);
}

static bool is_shown(const struct check_command *c, const struct check_finding *f)
{
	return !f->is_accepted || c->view.is_verbose;
}

/* Findings @from to before @to are of one rule. */
static void print_group(const struct check_command *c, uint32_t from, uint32_t to)
{
	const struct check_finding *all = c->result.check.findings, *last = NULL;
	const struct check_rule *rule = all[from].rule;
	uint32_t n = 0, n_printed = 0;
	struct buf text = { 0 };

	for (uint32_t i = from; i < to; i++)
		n += is_shown(c, &all[i]);
	if (n == 0)
		return;
	buf_printf(&text, "%s %s, %s: %s: %u", rule->id, rule->name, check_severity_name(rule->severity),
		   rule->title, n);
	putchar('\n');
	print(c, &text, 0, 2);
	for (uint32_t i = from; i < to; i++) {
		if (!is_shown(c, &all[i]))
			continue;
		if (n_printed == CHECK_SHOWN_MAX && !c->is_all) {
			printf("  and %u more (--all)\n", n - n_printed);
			return;
		}
		print_finding(c, &all[i], last);
		last = &all[i];
		n_printed++;
	}
}

/* What is refused must not be looked for below what is only worth knowing. */
static void print_groups(const struct check_command *c, enum check_severity severity)
{
	const struct check *check = &c->result.check;

	for (uint32_t lo = 0, hi; lo < check->n_findings; lo = hi) {
		for (hi = lo + 1; hi < check->n_findings && check->findings[hi].rule == check->findings[lo].rule;)
			hi++;
		if (check->findings[lo].rule->severity == severity)
			print_group(c, lo, hi);
	}
}

/* Rules that lack the same come together: those from @i on with the same reason that come behind it. */
static void print_reason(const struct check_command *c, uint32_t i)
{
	const struct check *check = &c->result.check;
	const struct check_not_run *first = &check->not_run[i];
	struct buf text = { 0 };

	for (uint32_t k = 0; k < i; k++)
		if (check->not_run[k].is_partial == first->is_partial &&
		    strcmp(check->not_run[k].why, first->why) == 0)
			return;
	for (uint32_t k = i; k < check->n_not_run; k++)
		if (check->not_run[k].is_partial == first->is_partial &&
		    strcmp(check->not_run[k].why, first->why) == 0)
			buf_printf(&text, "%s%s %s", k > i ? ", " : "", check->not_run[k].rule->id,
				   check->not_run[k].rule->name);
	buf_printf(&text, ": %s", first->why);
	printf("  ");
	print(c, &text, 2, 4);
}

static void print_reasons(const struct check_command *c, bool is_partial, const char *heading)
{
	const struct check *check = &c->result.check;
	uint32_t n = 0;

	for (uint32_t i = 0; i < check->n_not_run; i++) {
		if (check->not_run[i].is_partial != is_partial)
			continue;
		if (n == 0)
			printf("\n%s\n", heading);
		if (n++ == CHECK_SHOWN_MAX && is_partial && !c->is_all) {
			puts("  and more (--all)");
			return;
		}
		print_reason(c, i);
	}
}

static void print_rules(const struct check_command *c)
{
	const struct check *check = &c->result.check;
	uint32_t n_not = 0, n_partial = 0, n_off = 0;

	for (size_t i = 0; i < check_n_rules; i++) {
		n_not += check->states[i] == CHECK_NOT_RUN;
		n_partial += check->states[i] == CHECK_RUN_IN_PART;
		n_off += check->states[i] == CHECK_OFF;
	}
	print_reasons(c, false, "not run:");
	print_reasons(c, true, "not about everything:");
	printf("\n%u rule%s run", check->n_run, check->n_run == 1 ? "" : "s");
	if (n_partial > 0)
		printf(" (%u not about everything)", n_partial);
	printf(", %u not run", n_not);
	if (n_off > 0)
		printf(", %u left out", n_off);
	putchar('\n');
}

static void print_baseline(const struct check_command *c)
{
	uint32_t n_stale = 0;

	if (c->write_path)
		printf("written to %s: %u finding%s\n", c->write_path, c->n_accepted,
		       c->n_accepted == 1 ? "" : "s");
	else if (c->baseline_path)
		printf("accepted by %s: %u\n", c->baseline_path, c->n_accepted);
	for (uint32_t i = 0; i < c->baseline.n; i++) {
		const struct baseline_line *line = &c->baseline.lines[i];
		struct buf text = { 0 };

		if (c->options.n_names > 0 || c->write_path || !baseline_is_stale(line, &c->result.check))
			continue;
		if (n_stale++ == 0)
			printf("no longer found, may be taken out of %s:\n", c->baseline_path);
		if (n_stale > CHECK_SHOWN_MAX && !c->is_all)
			continue;
		buf_printf(&text, "line %u: ", line->line);
		baseline_put_line(line, &text);
		printf("  ");
		print(c, &text, 2, 4);
	}
	if (n_stale > CHECK_SHOWN_MAX && !c->is_all)
		printf("  and %u more (--all)\n", n_stale - CHECK_SHOWN_MAX);
}

static void print_dropped(const struct check_command *c)
{
	uint64_t n = 0;

	for (int i = 0; i < CHECK_SEVERITIES; i++)
		n += c->result.check.dropped[i];
	if (n > 0)
		printf("%" PRIu64 " of the findings are counted, and not kept: there are too many\n", n);
}

void check_text(struct check_command *c)
{
	CLEANUP_BUF struct buf text = { 0 };

	check_count_text(c, &text);
	if (!text.error)
		printf("%s: %s\n", view_kernel(&c->view), (const char *)text.base);
	if (c->is_quiet)
		return;
	print_sources(c);
	for (int i = CHECK_SEVERITIES - 1; i >= 0; i--)
		print_groups(c, (enum check_severity)i);
	print_rules(c);
	print_dropped(c);
	print_baseline(c);
}
