/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/name.h"
#include "graph/graph.h"

#define N_MAX 40

/* Orders the files of @paths, a NULL-terminated list, and compares with the list @want. */
static void check(const char *const *paths, const char *order, const char *const *want)
{
	struct graph_module modules[N_MAX] = { 0 };
	char names[N_MAX][MODULE_NAME_MAX + 1];
	uint32_t n = 0;

	for (; paths[n]; n++) {
		assert_true(n < N_MAX);
		assert_true(name_of_path(paths[n], names[n]) > 0);
		modules[n] = (struct graph_module){ .name = names[n], .path = paths[n] };
	}
	assert_int_equal(graph_order(modules, n, bytes_of(order, strlen(order))), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_string_equal(modules[i].path, want[i]);
	assert_null(want[n]);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * By hash bucket; the buckets, of 512, were computed by an implementation in another language:
 * crc32c_intel 133, snd_hda_intel 161, realtek 183, dummy 187, xfs 217, e1000e 219, r8169 229,
 * btrfs 242, ext4 278, usb_storage 427, tun 457, libphy 492.
 */
static void test_without_modules_order(void **state)
{
	(void)state;
	check(LIST("k/btrfs.ko", "k/dummy.ko", "k/e1000e.ko", "k/ext4.ko", "k/libphy.ko",
		   "k/r8169.ko", "k/realtek.ko", "k/snd-hda-intel.ko", "k/tun.ko", "k/usb-storage.ko", "k/xfs.ko",
		   "k/crc32c-intel.ko.xz"),
	      "",
	      LIST("k/crc32c-intel.ko.xz", "k/snd-hda-intel.ko", "k/realtek.ko", "k/dummy.ko",
		   "k/xfs.ko", "k/e1000e.ko", "k/r8169.ko", "k/btrfs.ko", "k/ext4.ko",
		   "k/usb-storage.ko", "k/tun.ko", "k/libphy.ko"));
}

/* m_dd and m_ha share a bucket, and so do m_gh and m_hd: then by name. */
static void test_one_bucket(void **state)
{
	(void)state;
	check(LIST("m_ha.ko", "z/m_dd.ko"), "", LIST("z/m_dd.ko", "m_ha.ko"));
	check(LIST("z/m-dd.ko", "m-ha.ko"), "", LIST("z/m-dd.ko", "m-ha.ko"));
	check(LIST("m_hd.ko", "m_gh.ko"), "", LIST("m_gh.ko", "m_hd.ko"));
}

static void test_with_modules_order(void **state)
{
	(void)state;
	check(LIST("kernel/a/tun.ko", "kernel/ext4.ko.xz", "kernel/snd-hda-intel.ko.zst",
		   "kernel/btrfs.ko.gz"),
	      "kernel/snd-hda-intel.ko\nkernel/btrfs.ko\nkernel/ext4.ko\nkernel/a/tun.ko\n",
	      LIST("kernel/snd-hda-intel.ko.zst", "kernel/btrfs.ko.gz", "kernel/ext4.ko.xz",
		   "kernel/a/tun.ko"));
}

/* What modules.order does not name comes last, by bucket: dummy 187, xfs 217, tun 457. */
static void test_rest_comes_last(void **state)
{
	(void)state;
	check(LIST("x/xfs.ko", "x/tun.ko", "x/dummy.ko", "x/btrfs.ko", "x/libphy.ko"),
	      "x/libphy.ko\nx/gone.ko\nx/btrfs.ko\n",
	      LIST("x/libphy.ko", "x/btrfs.ko", "x/dummy.ko", "x/xfs.ko", "x/tun.ko"));
}

/* A line names a file by its whole path, spelt as it is; the first of two lines counts. */
static void test_lines(void **state)
{
	(void)state;
	check(LIST("x/tun.ko", "x/snd-hda-intel.ko", "y/xfs.ko"),
	      "tun.ko\ny/tun.ko\n/x/tun.ko\nx/tun\nx/tun.ko.xz\nx/tun.o\n"
	      "x/snd_hda_intel.ko\n xfs.ko\ny/xfs.ko \n\n.ko\n\n",
	      LIST("x/snd-hda-intel.ko", "y/xfs.ko", "x/tun.ko"));
	check(LIST("x/dummy.ko", "x/tun.ko", "x/xfs.ko"),
	      "x/xfs.ko\nx/tun.ko\nx/xfs.ko\nx/dummy.ko\nx/tun.ko\n",
	      LIST("x/xfs.ko", "x/tun.ko", "x/dummy.ko"));
}

static void test_long_line(void **state)
{
	char order[6000];

	(void)state;
	memset(order, 'x', sizeof(order));
	strcpy(order + 5000, "\nx/tun.ko\nx/xfs.ko\n");
	check(LIST("x/xfs.ko", "x/tun.ko"), order, LIST("x/tun.ko", "x/xfs.ko"));
}

static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(graph_order(NULL, 0, bytes_of("x/tun.ko\n", 9)), 0);
	check((const char *const[]){ NULL }, "", (const char *const[]){ NULL });
}

/* Tens of thousands, in modules.order turned around. */
static void test_many(void **state)
{
	enum { N = 50000 };
	struct graph_module *modules = calloc(N, sizeof(*modules));
	char(*paths)[32] = calloc(N, sizeof(*paths));
	CLEANUP_BUF struct buf order = { 0 };

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "kernel/m%u.ko", i);
		modules[i] = (struct graph_module){ .name = paths[i] + 7, .path = paths[i] };
	}
	for (uint32_t i = N; i > 0; i--)
		buf_printf(&order, "%s\n", paths[i - 1]);
	assert_int_equal(graph_order(modules, N, buf_bytes(&order)), 0);
	for (uint32_t i = 0; i < N; i++)
		assert_string_equal(modules[i].path, paths[N - 1 - i]);
	free(paths);
	free(modules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_modules_order), cmocka_unit_test(test_one_bucket),
		cmocka_unit_test(test_with_modules_order),
		cmocka_unit_test(test_rest_comes_last),
		cmocka_unit_test(test_lines),		      cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_nothing),		      cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("graph order", tests, NULL, NULL);
}
