/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   # Device nodes to trigger on-demand module loading.
 *   tun net/tun c10:200
 */
#include "index/devname.h"

#include "bytes/diag.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Next word of @rest, which moves behind it; empty when there is none. */
static struct bytes take_word(struct bytes *rest)
{
	size_t from = 0, to;

	while (from < rest->size && is_blank(rest->base[from]))
		from++;
	for (to = from; to < rest->size && !is_blank(rest->base[to]); to++)
		;
	struct bytes word = bytes_of(rest->base + from, to - from);

	*rest = bytes_of(rest->base + to, rest->size - to);
	return word;
}

static bool is_plain(struct bytes word)
{
	for (size_t i = 0; i < word.size; i++) {
		uint8_t c = word.base[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '\\' || c == '%')
			return false;
	}
	return word.size > 0;
}

/* "net/tun"; no part of it empty, "." or "..". */
static bool is_below_dev(struct bytes name)
{
	size_t from = 0;

	for (size_t i = 0; i <= name.size; i++) {
		size_t n = i - from;
		const uint8_t *part = name.base + from;

		if (i < name.size && name.base[i] != '/')
			continue;
		if (n == 0 || (part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.'))))
			return false;
		from = i + 1;
	}
	return true;
}

/* Digits at the front of @rest, which moves behind them. Return: false without any, or over @max. */
static bool take_number(struct bytes *rest, uint32_t max, uint32_t *ret_n)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < rest->size && rest->base[i] >= '0' && rest->base[i] <= '9'; i++) {
		n = n * 10 + (uint32_t)(rest->base[i] - '0');
		if (n > max)
			return false;
	}
	*rest = bytes_of(rest->base + i, rest->size - i);
	*ret_n = n;
	return i > 0;
}

/* "c10:200" */
static bool parse_device(struct bytes word, struct devname_node *node)
{
	struct bytes rest = word;

	if (rest.size == 0 || (rest.base[0] != 'c' && rest.base[0] != 'b'))
		return false;
	node->type = (char)rest.base[0];
	rest = bytes_of(rest.base + 1, rest.size - 1);
	if (!take_number(&rest, DEVNAME_MAJOR_MAX, &node->major) || rest.size == 0 ||
	    rest.base[0] != ':')
		return false;
	rest = bytes_of(rest.base + 1, rest.size - 1);
	return take_number(&rest, DEVNAME_MINOR_MAX, &node->minor) && rest.size == 0;
}

/* Return: NULL; what is wrong. */
static const char *parse_line(struct bytes rest, struct devname_node *ret_node)
{
	struct devname_node node = { 0 };
	const uint8_t *slash;

	node.module = take_word(&rest);
	node.name = take_word(&rest);
	if (node.name.size == 0)
		return "not of the form MODULE NODE TYPE";
	if (!is_plain(node.module))
		return "no name of a module";
	if (!is_plain(node.name) || !is_below_dev(node.name))
		return "no name of a device node below /dev";
	if (!parse_device(take_word(&rest), &node))
		return "no device of the form c10:200 or b7:0";
	slash = memrchr(node.name.base, '/', node.name.size);
	if (slash)
		node.directory = bytes_of(node.name.base, (size_t)(slash - node.name.base));
	*ret_node = node;
	return NULL;
}

/* The next line without its end, which may be CR LF. */
static struct bytes take_line(struct devname_list *list)
{
	const uint8_t *from = list->text.base + list->off;
	size_t left = list->text.size - list->off;
	const uint8_t *end = memchr(from, '\n', left);
	size_t size = end ? (size_t)(end - from) : left;

	list->off += size + (end ? 1 : 0);
	list->line++;
	if (size > 0 && from[size - 1] == '\r')
		size--;
	return bytes_of(from, size);
}

int devname_next(struct devname_list *list, struct devname_node *ret_node, struct diag *diag)
{
	while (list->off < list->text.size) {
		struct bytes line = take_line(list), rest = line;
		const char *wrong;

		if (line.size == 0 || line.base[0] == '#' || take_word(&rest).size == 0)
			continue;
		wrong = parse_line(line, ret_node);
		return wrong ? diag_line(diag, -EBADMSG, list->line, "%s", wrong) : 1;
	}
	return 0;
}
