/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "bytes/diag.h"
#include "index/devname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every node lies in the file and below /dev, whatever the file says. */
static void check(const struct devname_node *node, const uint8_t *data, size_t size)
{
	if (node->name.base < data || node->name.base + node->name.size > data + size ||
	    node->module.base < data || node->directory.size >= node->name.size)
		abort();
	if (node->name.base[0] == '/' || memmem(node->name.base, node->name.size, "/../", 4) ||
	    memchr(node->name.base, '\n', node->name.size) ||
	    memchr(node->name.base, '%', node->name.size))
		abort();
	if ((node->type != 'c' && node->type != 'b') || node->major > DEVNAME_MAJOR_MAX ||
	    node->minor > DEVNAME_MINOR_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct devname_list list = { .text = bytes_of(data, size) };
	struct devname_node node;
	struct diag diag;
	int r;

	while ((r = devname_next(&list, &node, &diag)) != 0)
		if (r > 0)
			check(&node, data, size);
	return 0;
}
