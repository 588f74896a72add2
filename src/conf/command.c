/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/command.h"

#include <stdbool.h>

/** struct place - where in a shell's line we are */
struct place {
	char quote; /* '\'', '"' or NUL */
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_-+=.,:/@%", c));
}

/* The parameter that starts at @s; its bytes. Double quotes keep blanks together. */
static size_t parameter_size(const char *s)
{
	bool is_quoted = false;
	size_t n = 0;

	for (; s[n] && (is_quoted || (s[n] != ' ' && s[n] != '\t' && s[n] != '\n')); n++)
		is_quoted ^= s[n] == '"';
	return n;
}

static void put_quoted(struct buf *out, const char *s, size_t size)
{
	size_t n_plain = 0;

	while (n_plain < size && is_plain(s[n_plain]))
		n_plain++;
	if (n_plain == size) {
		buf_put(out, s, size);
		return;
	}
	buf_put_u8(out, '\'');
	for (size_t i = 0; i < size; i++) {
		if (s[i] == '\'')
			buf_put_string(out, "'\\''");
		else
			buf_put_u8(out, (uint8_t)s[i]);
	}
	buf_put_u8(out, '\'');
}

/* Would a shell that splits it make an option of a part? */
static bool has_option(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (s[i] == '-' && (i == 0 || s[i - 1] == ' ' || s[i - 1] == '\t' || s[i - 1] == '\n'))
			return true;
	return false;
}

/* Appends the parameters in one form or the other. Return: how many begin with '-'. */
static int put_parameters(struct buf *out, const char *options, bool is_variable)
{
	bool is_first = true;
	int n_left_out = 0;

	for (;;) {
		size_t n;

		options += strspn(options, " \t\n");
		n = parameter_size(options);
		if (n == 0)
			return n_left_out;
		if (options[0] == '-') {
			n_left_out++;
		} else if (!is_variable || !has_option(options, n)) {
			buf_put_string(out, is_first ? "" : " ");
			is_first = false;
			if (is_variable)
				buf_put(out, options, n);
			else
				put_quoted(out, options, n);
		}
		options += n;
	}
}

/* Bytes of the variable's name at @s, with its '$'; 0 when something else stands there. */
static size_t variable_size(const char *s)
{
	static const char name[] = "CMDLINE_OPTS";
	size_t n = sizeof(name) - 1;
	char next;

	if (strncmp(s, "${CMDLINE_OPTS}", n + 3) == 0)
		return n + 3;
	if (s[0] != '$' || strncmp(s + 1, name, n) != 0)
		return 0;
	next = s[n + 1];
	return next == '_' || (next >= '0' && next <= '9') || (next >= 'a' && next <= 'z') ||
			       (next >= 'A' && next <= 'Z')
		       ? 0
		       : n + 1;
}

static void follow(struct place *at, char c)
{
	if (at->quote == c)
		at->quote = '\0';
	else if (!at->quote && (c == '\'' || c == '"'))
		at->quote = c;
}

int command_expand(const char *command, const char *options, struct buf *ret_command,
		   struct buf *ret_variable)
{
	struct place at = { 0 };
	int n_left_out;

	while (*command) {
		size_t n = at.quote ? 0 : variable_size(command);

		if (n > 0) {
			(void)put_parameters(ret_command, options, false);
			command += n;
			continue;
		}
		if (*command == '\\' && at.quote != '\'' && command[1]) {
			buf_put(ret_command, command, 2);
			command += 2;
			continue;
		}
		follow(&at, *command);
		buf_put_u8(ret_command, (uint8_t)*command++);
	}
	buf_put_u8(ret_command, '\0');
	n_left_out = put_parameters(ret_variable, options, true);
	buf_put_u8(ret_variable, '\0');
	if (ret_command->error < 0)
		return ret_command->error;
	return ret_variable->error < 0 ? ret_variable->error : n_left_out;
}
