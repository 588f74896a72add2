/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/command.h"

/* Lets a shell run the command, as modprobe would; @want is what it prints. */
static void assert_prints(const char *command, const char *options, int n_left_out, const char *want)
{
	CLEANUP_BUF struct buf text = { 0 };
	CLEANUP_BUF struct buf variable = { 0 };
	char got[4096];
	size_t n;
	FILE *f;

	assert_int_equal(command_expand(command, options, &text, &variable), n_left_out);
	assert_int_equal(setenv("CMDLINE_OPTS", (const char *)variable.base, 1), 0);
	f = popen((const char *)text.base, "r");
	assert_non_null(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	pclose(f);
	assert_string_equal(got, want);
}

static void test_outside_of_quotes(void **state)
{
	(void)state;
	assert_prints("printf '<%s>' $CMDLINE_OPTS", "a=1 b=x,y", 0, "<a=1><b=x,y>");
	assert_prints("printf '<%s>' ${CMDLINE_OPTS}; echo done", "a=1", 0, "<a=1>done\n");
	assert_prints("printf '<%s>' x $CMDLINE_OPTS y", "", 0, "<x><y>");
	assert_prints("printf '<%s>' $CMDLINE_OPTS $CMDLINE_OPTS", "a", 0, "<a><a>");
	/* One parameter stays one word, with the quotes that the kernel is to see. */
	assert_prints("printf '<%s>' $CMDLINE_OPTS", "p=\"a b\" q=1", 0, "<p=\"a b\"><q=1>");
	assert_prints("printf '<%s>' $CMDLINE_OPTSX", "a=1", 0, "<>");
}

static void test_nothing_becomes_code(void **state)
{
	static const char hostile[] = "a=$(echo${IFS}run) b=`echo` c=;echo d=* e=' f=\\ g=|h >i &j";

	(void)state;
	assert_prints("printf '<%s>' $CMDLINE_OPTS", hostile, 0,
		      "<a=$(echo${IFS}run)><b=`echo`><c=;echo><d=*><e='><f=\\><g=|h><>i><&j>");
	assert_prints("printf '<%s>' \"$CMDLINE_OPTS\"", hostile, 0,
		      "<a=$(echo${IFS}run) b=`echo` c=;echo d=* e=' f=\\ g=|h >i &j>");
	assert_prints("sh -c 'printf \"<%s>\" $CMDLINE_OPTS'", "a=$(echo) b=;x c=1", 0,
		      "<a=$(echo)><b=;x><c=1>");
	assert_prints("printf '<%s>' '$CMDLINE_OPTS'", "a=1", 0, "<$CMDLINE_OPTS>");
	assert_prints("printf '<%s>' $CMDLINE_OPTS", "x=$CMDLINE_OPTS", 0, "<x=$CMDLINE_OPTS>");
}

static void test_nothing_becomes_an_option(void **state)
{
	(void)state;
	assert_prints("printf '<%s>' x $CMDLINE_OPTS", "a=1 --config=/evil -C b=2", 2,
		      "<x><a=1><b=2>");
	assert_prints("printf '<%s>' x $CMDLINE_OPTS", "a=\"1 --config=/evil\"", 0,
		      "<x><a=\"1 --config=/evil\">");
	assert_prints("sh -c 'printf \"<%s>\" x $CMDLINE_OPTS'", "a=\"1 --config=/evil\" b=2", 0,
		      "<x><b=2>");
}

static void test_command_is_left_alone(void **state)
{
	(void)state;
	assert_prints("printf '<%s>' \\$CMDLINE_OPTS \"it's\"", "a=1", 0, "<$CMDLINE_OPTS><it's>");
	assert_prints("printf \"<%s>\" 'a\\' $CMDLINE_OPTS", "a=1", 0, "<a\\><a=1>");
	assert_prints("printf \"<%s>\" \"a\\\" $CMDLINE_OPTS\"", "a=1", 0, "<a\" a=1>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outside_of_quotes),
		cmocka_unit_test(test_nothing_becomes_code),
		cmocka_unit_test(test_nothing_becomes_an_option),
		cmocka_unit_test(test_command_is_left_alone),
	};

	return cmocka_run_group_tests_name("conf-command", tests, NULL, NULL);
}
