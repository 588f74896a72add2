/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "conf/symvers.h"

struct found {
	struct buf text;
	struct buf bad;
	size_t stop_at;
	size_t n;
};

/* "line crc name owner type ns flags" */
static int each(void *ctx, const struct symvers_symbol *s)
{
	struct found *f = ctx;

	if (++f->n == f->stop_at)
		return -ENOMEM;
	buf_printf(&f->text, "%u %08x '%.*s' '%.*s' '%.*s' '%.*s' %s%s\n", s->line, s->crc,
		   (int)s->name_size, s->name, (int)s->owner_size, s->owner, (int)s->type_size,
		   s->type, (int)s->ns_size, s->ns, s->is_vmlinux ? "v" : "", s->is_gpl ? "g" : "");
	return 0;
}

static void bad(void *ctx, const struct diag *diag)
{
	assert_int_equal(diag->place, DIAG_LINE);
	assert_true(diag->what[0] != '\0');
	buf_printf(&((struct found *)ctx)->bad, "%u ", (unsigned int)diag->where);
}

typedef int reader(struct bytes text, const struct symvers_use *use, struct symvers_counts *counts);

static void assert_read(reader *read, const char *text, size_t size, const char *want,
			const char *want_bad, size_t n_lines)
{
	struct symvers_counts counts = { 0 };
	struct found f = { 0 };
	const struct symvers_use use = { each, bad, &f };

	assert_int_equal(read(bytes_of(text, size), &use, &counts), 0);
	buf_put_u8(&f.text, 0);
	buf_put_u8(&f.bad, 0);
	assert_string_equal((const char *)f.text.base, want);
	assert_string_equal((const char *)f.bad.base, want_bad);
	assert_int_equal(counts.n_lines, n_lines);
	assert_int_equal(counts.n_symbols, f.n);
	buf_done(&f.text);
	buf_done(&f.bad);
}

#define ASSERT_READ(read, text, want, want_bad, n_lines) \
	assert_read(read, text, sizeof(text) - 1, want, want_bad, n_lines)

static void test_symvers(void **state)
{
	(void)state;
	ASSERT_READ(symvers_read,
		    "0x12345678\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"
		    "0xABCDEF01\tkvm_x\tarch/x86/kvm/kvm\tEXPORT_SYMBOL_GPL\tmodule:kvm-intel\n"
		    "0x00000000\tusb_x\tdrivers/usb/storage/usb storage\tEXPORT_SYMBOL_GPL\tUSB\n"
		    "0x1\told\tvmlinux\n"
		    "\n"
		    "0x2\tdos\tvmlinux\tEXPORT_SYMBOL_GPL\r\n"
		    "0x3 blanks vmlinux EXPORT_SYMBOL\n"
		    "0x4\tno_owner\t\tEXPORT_SYMBOL\n"
		    "0x5\tlast\tvmlinux\tEXPORT_SYMBOL\tNS\tmore",
		    "1 12345678 'printk' 'vmlinux' 'EXPORT_SYMBOL' '' v\n"
		    "2 abcdef01 'kvm_x' 'arch/x86/kvm/kvm' 'EXPORT_SYMBOL_GPL' "
		    "'module:kvm-intel' g\n"
		    "3 00000000 'usb_x' 'drivers/usb/storage/usb storage' 'EXPORT_SYMBOL_GPL' "
		    "'USB' g\n"
		    "4 00000001 'old' 'vmlinux' '' '' v\n"
		    "6 00000002 'dos' 'vmlinux' 'EXPORT_SYMBOL_GPL' '' vg\n"
		    "7 00000003 'blanks' 'vmlinux' 'EXPORT_SYMBOL' '' v\n"
		    "8 00000004 'no_owner' '' 'EXPORT_SYMBOL' '' \n"
		    "9 00000005 'last' 'vmlinux' 'EXPORT_SYMBOL' 'NS' v\n",
		    "", 9);
}

static void test_bad_symvers(void **state)
{
	(void)state;
	ASSERT_READ(symvers_read,
		    "0x1\tone\tvmlinux\n"
		    "just words\n"
		    "0x\tno_digits\tvmlinux\n"
		    "xyz\tno_hex\tvmlinux\n"
		    "0x123456789\tlong_crc\tvmlinux\n"
		    "\tno_crc\tvmlinux\n"
		    "0x1\t\tvmlinux\n"
		    "0x1\tnul\0\tvmlinux\n"
		    "-0x1\tminus\tvmlinux\n"
		    "0x2\ttwo\tvmlinux\n",
		    "1 00000001 'one' 'vmlinux' '' '' v\n"
		    "10 00000002 'two' 'vmlinux' '' '' v\n",
		    "2 3 4 5 6 7 8 9 ", 10);
}

static void test_system_map(void **state)
{
	(void)state;
	ASSERT_READ(system_map_read,
		    "ffffffff81000000 T _stext\n"
		    "ffffffff82345678 r __ksymtab_printk\n"
		    "82345678 R __ksymtab_short_address\n"
		    "ffffffff82345684 r __ksymtab_USB_STORAGE.usb_stor_x\n"
		    "ffffffff82345690 r __kstrtab_printk\n"
		    "                 U undefined_thing\n"
		    "0000000000000000 r __ksymtab_from_kallsyms\r\n"
		    "0000000000000000 r __ksymtab_of_module\t[kvm]\n"
		    "ffffffff82345690 r ___ksymtab_x\n"
		    "ffffffff82345690 r __ksymtab_last",
		    "2 00000000 'printk' 'vmlinux' '' '' v\n"
		    "3 00000000 'short_address' 'vmlinux' '' '' v\n"
		    "4 00000000 'usb_stor_x' 'vmlinux' '' 'USB_STORAGE' v\n"
		    "7 00000000 'from_kallsyms' 'vmlinux' '' '' v\n"
		    "10 00000000 'last' 'vmlinux' '' '' v\n",
		    "", 10);
}

/* What Debian puts into /boot: says of itself that it is not the real one. */
static void test_stub(void **state)
{
	(void)state;
	ASSERT_READ(system_map_read,
		    "ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg "
		    "package\n",
		    "", "", 1);
	ASSERT_READ(system_map_read, "", "", "", 0);
	ASSERT_READ(symvers_read, "", "", "", 0);
}

static void test_bad_system_map(void **state)
{
	(void)state;
	ASSERT_READ(system_map_read,
		    "hello\n"
		    "\n"
		    "ffffffff81000000 r __ksymtab_\n"
		    "ffffffff81000000 r __ksymtab_a\0b\n"
		    "ffffffff81000000 r __ksymtab_good\n",
		    "5 00000000 'good' 'vmlinux' '' '' v\n", "1 3 4 ", 5);
}

static void test_long_name(void **state)
{
	char line[2000];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "0x1\t", 4);
	memcpy(line + sizeof(line) - 10, "\tvmlinux\t\n", 10);
	assert_read(symvers_read, line, sizeof(line), "", "1 ", 1);
	memset(line, 'x', sizeof(line));
	memcpy(line, "0 r __ksymtab_", 14);
	assert_read(system_map_read, line, sizeof(line), "", "1 ", 1);
}

static void test_stops(void **state)
{
	static const char text[] = "0x1\ta\tvmlinux\n0x2\tb\tvmlinux\n0x3\tc\tvmlinux\n";
	struct symvers_counts counts = { .n_lines = 42 };
	struct found f = { .stop_at = 2 };
	const struct symvers_use use = { each, NULL, &f };

	(void)state;
	assert_int_equal(symvers_read(bytes_of(text, sizeof(text) - 1), &use, &counts), -ENOMEM);
	assert_int_equal(f.n, 2);
	assert_int_equal(counts.n_lines, 42);
	buf_done(&f.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symvers),	   cmocka_unit_test(test_bad_symvers),
		cmocka_unit_test(test_system_map), cmocka_unit_test(test_stub),
		cmocka_unit_test(test_bad_system_map), cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
