/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "check/baseline.h"
#include "check/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct baseline_roots roots = { "/lib/modules/1", "" };

static void bad(void *ctx, const struct diag *diag)
{
	(void)ctx;
	if (diag->place != DIAG_LINE || !diag->where || !diag->what[0])
		__builtin_trap();
}

static void refuse(void *ctx, const struct diag *diag)
{
	(void)ctx;
	(void)diag;
	__builtin_trap();
}

/* What was read, as findings, is written, read and accepted in full. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct baseline b = { 0 }, again = { 0 };
	struct check c = { 0 };
	CLEANUP_BUF struct buf text = { 0 };

	if (baseline_read(&b, bytes_of(data, size), bad, NULL) < 0)
		__builtin_trap();
	c.findings = calloc((size_t)b.n + 1, sizeof(*c.findings));
	for (uint32_t i = 0; c.findings && i < b.n; i++)
		c.findings[c.n_findings++] = (struct check_finding){
			.rule = b.lines[i].rule, .module = b.lines[i].subject, .object = b.lines[i].object,
		};
	baseline_put(&c, &roots, &text);
	if (text.error == 0) {
		if (baseline_read(&again, buf_bytes(&text), refuse, NULL) < 0 || again.n != b.n)
			__builtin_trap();
		baseline_apply(&again, &c, &roots);
	}
	for (uint32_t i = 0; text.error == 0 && i < c.n_findings; i++)
		if (!c.findings[i].is_accepted)
			__builtin_trap();
	free(c.findings);
	baseline_done(&b);
	baseline_done(&again);
	return 0;
}
