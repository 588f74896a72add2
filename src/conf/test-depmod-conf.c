/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "conf/depmod-conf.h"

static int matches(void *ctx, const char *pattern)
{
	(void)ctx;
	return strcmp(pattern, "(") == 0 ? -EINVAL : strcmp(pattern, "^1[.]0$") == 0;
}

/* "file:line:kind what", a line each. */
static void keep_note(void *ctx, const char *file, enum depmod_note kind, const struct diag *diag)
{
	static const char *const names[] = { "bad", "other", "unused" };

	assert_int_equal(diag->place, DIAG_LINE);
	buf_printf(ctx, "%s:%u:%s %s\n", file, (unsigned int)diag->where, names[kind], diag->what);
}

static void read_more(struct depmod_conf *conf, const char *text, const char *file,
		      struct buf *notes)
{
	const struct depmod_conf_env env = { matches, notes ? keep_note : NULL, notes };

	assert_int_equal(depmod_conf_read(conf, bytes_of(text, strlen(text)), file, &env), 0);
}

static struct depmod_conf conf_of(const char *text)
{
	struct depmod_conf conf = { 0 };

	read_more(&conf, text, "a.conf", NULL);
	assert_int_equal(depmod_conf_finish(&conf), 0);
	return conf;
}

/* The first file must win against the second, whichever is asked for first. */
static void assert_wins(const char *text, const char *winner, const char *loser)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = conf_of(text);

	assert_true(depmod_conf_choose(&conf, winner, loser) < 0);
	assert_true(depmod_conf_choose(&conf, loser, winner) > 0);
	assert_int_equal(depmod_conf_choose(&conf, winner, winner), 0);
}

static void test_default(void **state)
{
	(void)state;
	assert_wins("", "updates/a.ko", "kernel/a.ko");
	assert_wins("", "updates/dkms/a.ko.xz", "extra/a.ko");
	assert_wins("# nothing\nsearch\n", "updates/a.ko", "kernel/a.ko");
	/* With any search rule, the default is gone. */
	assert_wins("search extra\n", "kernel/a.ko", "updates/a.ko");
}

/* Each winner is the one that Debian's kmod 30 puts into modules.dep. */
static void test_search_like_kmod(void **state)
{
	(void)state;
	assert_wins("search updates extra built-in\n", "updates/a.ko", "extra/a.ko");
	assert_wins("search updates extra built-in\n", "extra/a.ko", "kernel/a.ko");
	assert_wins("search built-in updates\n", "kernel/a.ko", "updates/a.ko");
	assert_wins("search a\nsearch b built-in\n", "a/x.ko", "b/x.ko");
	assert_wins("search updates\n", "kernel/a.ko", "updates-x/a.ko");
	assert_wins("search updates/\n", "updates/a.ko", "kernel/a.ko");
	assert_wins("search built-in\n", "a/x.ko", "b/x.ko");
}

static void test_external_like_kmod(void **state)
{
	(void)state;
	assert_wins("external * /ext1\n", "kernel/a.ko", "/ext1/a.ko");
	assert_wins("external * /ext1\nsearch updates built-in\n", "kernel/a.ko", "/ext1/a.ko");
	assert_wins("external * /ext1\nexternal * /ext2\n", "/ext2/a.ko", "/ext1/a.ko");
	assert_wins("external * /ext2\nexternal * /ext1\n", "/ext1/a.ko", "/ext2/a.ko");
	assert_wins("external * /ext1\nexternal * /ext2\nsearch updates built-in\n", "/ext2/a.ko",
		    "/ext1/a.ko");
	assert_wins("external * /ext1\nsearch external built-in\n", "/ext1/a.ko", "kernel/a.ko");
	assert_wins("external * /ext1\nsearch built-in external\n", "kernel/a.ko", "/ext1/a.ko");
	assert_wins("external * /ext1\nexternal * /ext2\nsearch updates external\n", "/ext1/a.ko",
		    "/ext2/a.ko");
	assert_wins("external * /ext1\nexternal * /ext2\nsearch updates external\n", "/ext2/a.ko",
		    "kernel/a.ko");
	assert_wins("external * /ext1\nexternal * /ext2\nsearch external updates\n", "/ext1/a.ko",
		    "updates/a.ko");
	assert_wins("external * /ext1/\nsearch external\n", "/ext1/a.ko", "/ext11/a.ko");
}

static void test_override(void **state)
{
	(void)state;
	/* As kmod 30; the last two are ours, kmod compares spellings. */
	assert_wins("override a * k2\n", "k2/a.ko", "k1/a.ko");
	assert_wins("override a * k2\nsearch k1 k2\n", "k2/a.ko.xz", "k1/a.ko");
	assert_wins("override a * k1\noverride a * k2\n", "k2/a.ko", "k1/a.ko");
	assert_wins("override a * k2\noverride a * k1\n", "k1/a.ko", "k2/a.ko");
	assert_wins("override a * k2 and more\n", "k2/a.ko", "k1/a.ko");
	assert_wins("override b * k2\n", "k1/a.ko", "k2/a.ko");
	assert_wins("override a * k\n", "k/1/a.ko", "k2/a.ko");
	assert_wins("override snd-hda * k-2/\n", "k-2/snd_hda.ko", "k-1/snd-hda.ko");
	assert_wins("override snd_hda * k2\n", "k2/snd-hda.ko", "k1/snd_hda.ko");
}

static void test_versions(void **state)
{
	(void)state;
	assert_wins("override a ^1[.]0$ k2\n", "k2/a.ko", "k1/a.ko");
	assert_wins("override a 2.0 k2\n", "k1/a.ko", "k2/a.ko");
	assert_wins("external 2.0 /ext\nexternal ^1[.]0$ /ext1\nsearch external\n", "/ext1/a.ko",
		    "/ext/a.ko");
}

static void test_equal_priority(void **state)
{
	(void)state;
	assert_wins("", "extra/a.ko", "kernel/a.ko");
	assert_wins("", "updates/1/a.ko", "updates/2/a.ko");
	assert_wins("", "kernel/a.ko", "kernel/a.ko.xz");
	assert_wins("external * /e\nsearch external\n", "/e/1/a.ko", "/e/2/a.ko");
	assert_wins("", "kernel/a.ko", "kernel/\xc3\xa4/a.ko");
}

static void test_exclude(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = conf_of("exclude .git b.ko\n"
							      "exclude\n"
							      "exclude z\n");

	(void)state;
	assert_true(depmod_conf_is_excluded(&conf, ".git"));
	assert_true(depmod_conf_is_excluded(&conf, "b.ko"));
	assert_true(depmod_conf_is_excluded(&conf, "z"));
	assert_false(depmod_conf_is_excluded(&conf, "b"));
	assert_false(depmod_conf_is_excluded(&conf, "b.ko.xz"));
	assert_false(depmod_conf_is_excluded(&conf, ""));
}

/* "name[*][!]: words" with a line for each, in order. */
static void assert_declared(const struct depmod_declarations *d, const char *want)
{
	CLEANUP_BUF struct buf got = { 0 };

	for (uint32_t i = 0; i < d->n; i++) {
		const struct depmod_declaration *x = &d->items[i];

		assert_string_equal(x->file, "a.conf");
		buf_printf(&got, "%u %s%s%s%s: %s\n", x->line, x->name, x->is_pattern ? " pattern" : "",
			   x->is_strict ? " strict" : "", x->takes_back ? " back" : "", x->words);
	}
	buf_put_u8(&got, 0);
	assert_string_equal(got.base, want);
}

static void test_hard_dependencies(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = conf_of("harddep snd-hda realtek  two-words\t3 # why # not\n"
							      "harddep! r8* \\\n realtek\n"
							      "harddep a[b-c]-d\n"
							      "harddep e # none\n"
							      "harddep f symbol:x pci:v0d0\n");

	(void)state;
	assert_declared(&conf.hards, "1 snd_hda: realtek two-words 3\n"
				     "2 r8* pattern strict: realtek\n"
				     "4 a[b-c]_d pattern back: \n"
				     "5 e back: \n"
				     "6 f: symbol:x pci:v0d0\n");
	assert_declared(&conf.conflicts, "");
}

static void test_conflicts(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = conf_of("conflict nouveau nvidia nvidia-drm\n"
							      "conflict pci:v1 a\n");

	(void)state;
	assert_declared(&conf.conflicts, "1 nouveau: nvidia nvidia-drm\n2 pci:v1: a\n");
	assert_declared(&conf.hards, "");
}

static void test_merge_softdeps(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = { { "", false },
		      { "merge_softdeps\n", true },
		      { "merge_softdeps yes\n", true },
		      { "merge_softdeps no\n", false },
		      { "merge_softdeps\nmerge_softdeps no\n", false },
		      { "merge_softdeps no\nmerge_softdeps\n", true },
		      { "merge_softdeps\nmerge_softdeps maybe\n", true } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_DEPMOD_CONF struct depmod_conf conf = conf_of(cases[i].text);

		assert_int_equal(conf.merge_softdeps, cases[i].want);
	}
}

/* Each is told with its line; the words that are good count, and nothing is taken back by mistake. */
static void test_bad_declarations(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 };

	(void)state;
	read_more(&conf,
		  "harddep\n"
		  "harddep a[b x\n"
		  "harddep! a\n"
		  "harddep a b* ok c] a\n"
		  "harddep a b*\n"
		  "harddep a \001x ok\n"
		  "harddep \xc3\xa4 ok\n"
		  "conflict\n"
		  "conflict a\n"
		  "conflict a* b\n"
		  "conflict a-b a_b ok\n"
		  "merge_softdeps maybe\n",
		  "a.conf", &notes);
	buf_put_u8(&notes, 0);
	assert_string_equal(notes.base,
			    "a.conf:1:bad harddep: needs a module\n"
			    "a.conf:2:bad harddep: 'a[b' has a bracket without its partner\n"
			    "a.conf:3:bad harddep!: needs another name or alias behind the module\n"
			    "a.conf:4:bad harddep: 'b*' is a pattern\n"
			    "a.conf:4:bad harddep: 'c]' has a bracket without its partner\n"
			    "a.conf:4:bad harddep: 'a' is the module itself\n"
			    "a.conf:5:bad harddep: 'b*' is a pattern\n"
			    "a.conf:6:bad harddep: '?x' holds a control character or a byte above 7 bits\n"
			    "a.conf:7:bad harddep: '?\?' holds a control character or a byte above 7 bits\n"
			    "a.conf:8:bad conflict: needs a module\n"
			    "a.conf:9:bad conflict: needs another name or alias behind the module\n"
			    "a.conf:10:bad conflict: 'a*' is a pattern\n"
			    "a.conf:11:bad conflict: 'a_b' is the module itself\n"
			    "a.conf:12:bad merge_softdeps: 'maybe' is neither yes nor no\n");
	assert_declared(&conf.hards, "4 a: ok\n6 a: ok\n");
	assert_declared(&conf.conflicts, "11 a_b: ok\n");
	assert_false(conf.merge_softdeps);
}

static void test_too_many_patterns(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	CLEANUP_BUF struct buf text = { 0 }, notes = { 0 };

	(void)state;
	for (unsigned int i = 0; i < DEPMOD_PATTERNS_MAX + 1; i++)
		buf_put_string(&text, "harddep a* b\n");
	buf_put(&text, "harddep a b\n", 13);
	read_more(&conf, (const char *)text.base, "a.conf", &notes);
	buf_put_u8(&notes, 0);
	assert_string_equal(notes.base, "a.conf:4097:bad harddep: ignored, there are too many of them\n");
	assert_int_equal(conf.hards.n, DEPMOD_PATTERNS_MAX + 1);
}

static void test_bad_lines(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 };
	const char *text;

	(void)state;
	read_more(&conf,
		  "# comment\n"
		  "override a\n"
		  "foo bar\n"
		  "external *\n"
		  "external * relative/dir\n"
		  "make_map_files no\n"
		  "include other.conf\n"
		  "override a \\\n"
		  " 9.9 k2\n"
		  "search ok\n",
		  "bad.conf", &notes);
	read_more(&conf, "searhc updates\r\n", "worse.conf", &notes);
	assert_int_equal(depmod_conf_finish(&conf), 0);
	buf_put_u8(&notes, 0);
	text = (const char *)notes.base;
	assert_non_null(strstr(text, "bad.conf:2:bad override: "));
	assert_non_null(strstr(text, "bad.conf:3:bad foo: "));
	assert_non_null(strstr(text, "bad.conf:4:bad external: "));
	assert_non_null(strstr(text, "bad.conf:5:bad external: "));
	assert_non_null(strstr(text, "bad.conf:6:unused make_map_files: "));
	assert_non_null(strstr(text, "bad.conf:7:unused include: "));
	assert_non_null(strstr(text, "bad.conf:8:other override: "));
	assert_non_null(strstr(text, "worse.conf:1:bad searhc: "));
	assert_null(strstr(text, ":1:bad #"));
	assert_true(depmod_conf_choose(&conf, "ok/a.ko", "updates/a.ko") < 0);
}

static void test_nul_and_long_lines(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 };
	const struct depmod_conf_env env = { matches, keep_note, &notes };
	static const char text[] = "search k1\0\nsearch k2\n";

	(void)state;
	assert_int_equal(depmod_conf_read(&conf, bytes_of(text, sizeof(text) - 1), "n.conf", &env),
			 0);
	assert_int_equal(depmod_conf_finish(&conf), 0);
	buf_put_u8(&notes, 0);
	assert_non_null(strstr((const char *)notes.base, "n.conf:1:bad "));
	assert_true(depmod_conf_choose(&conf, "k2/a.ko", "k1/a.ko") < 0);
}

static void test_reason(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	const struct depmod_rule *rule;

	(void)state;
	read_more(&conf, "search updates \\\nbuilt-in\n", "a.conf", NULL);
	read_more(&conf, "\n\noverride a * k2\n", "b.conf", NULL);
	assert_int_equal(depmod_conf_finish(&conf), 0);
	depmod_conf_priority(&conf, "k2/a.ko", &rule);
	assert_string_equal(rule->file, "b.conf");
	assert_int_equal(rule->line, 3);
	depmod_conf_priority(&conf, "updates/a.ko", &rule);
	assert_string_equal(rule->file, "a.conf");
	assert_string_equal(rule->text, "updates");
	depmod_conf_priority(&conf, "k1/a.ko", &rule);
	assert_string_equal(rule->text, "built-in");
	depmod_conf_done(&conf);
	assert_int_equal(depmod_conf_finish(&conf), 0);
	depmod_conf_priority(&conf, "k1/a.ko", &rule);
	assert_null(rule);
	depmod_conf_priority(&conf, "updates/a.ko", &rule);
	assert_string_equal(rule->text, "updates");
	assert_null(rule->file);
}

static void test_too_many_searches(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	CLEANUP_BUF struct buf text = { 0 }, notes = { 0 };

	(void)state;
	for (unsigned int i = 0; i <= DEPMOD_SEARCHES_MAX; i++)
		buf_printf(&text, "search d%u\n", i);
	buf_put_u8(&text, 0);
	read_more(&conf, (const char *)text.base, "a.conf", &notes);
	buf_put_u8(&notes, 0);
	assert_non_null(strstr((const char *)notes.base, "a.conf:4097:bad search: "));
	assert_int_equal(conf.searches.n, DEPMOD_SEARCHES_MAX);
}

/* Whatever the rules, one file wins, however the files are ordered and paired. */
static void test_one_winner(void **state)
{
	static const char *const paths[] = {
		"kernel/a.ko",	 "kernel/b/a.ko", "updates/a.ko", "updates/z/a.ko",
		"extra/a.ko.xz", "/ext1/a.ko",	  "/ext2/a.ko",	  "/ext1/z/a.ko",
		"k-1/a.ko",	 "weak-updates/a.ko",
	};
	static const char *const rules[] = {
		"search updates", "search extra built-in", "search external", "search built-in",
		"external * /ext1", "external * /ext2", "override a * k-1", "override a * updates",
		"override a * kernel", "search weak-updates/", "search kernel/b",
	};
	enum { N_PATHS = sizeof(paths) / sizeof(paths[0]) };
	const char *given = getenv("TEST_SEED");
	unsigned int seed = (unsigned int)(given ? strtol(given, NULL, 10) : time(NULL));

	(void)state;
	print_message("# TEST_SEED=%u\n", seed);
	srand(seed);
	for (int round = 0; round < 500; round++) {
		CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
		const char *first = NULL;

		for (int i = rand() % 6; i > 0; i--)
			read_more(&conf, rules[(size_t)rand() % (sizeof(rules) / sizeof(rules[0]))],
				  "r.conf", NULL);
		assert_int_equal(depmod_conf_finish(&conf), 0);
		for (int shuffle = 0; shuffle < 10; shuffle++) {
			const char *winner, *order[N_PATHS];

			memcpy(order, paths, sizeof(paths));
			for (size_t i = N_PATHS - 1; i > 0; i--) {
				size_t k = (size_t)rand() % (i + 1);
				const char *t = order[i];

				order[i] = order[k];
				order[k] = t;
			}
			winner = order[0];
			for (size_t i = 1; i < N_PATHS; i++)
				if (depmod_conf_choose(&conf, order[i], winner) < 0)
					winner = order[i];
			if (!first)
				first = winner;
			assert_string_equal(winner, first);
		}
	}
}

/* 50,000 modules with an override each, all of them duplicates: seconds if it were quadratic. */
static void test_many(void **state)
{
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	char a[64], b[64];

	(void)state;
	for (unsigned int i = 0; i < 50000; i++)
		buf_printf(&text, "override m%u * extra/%u\n", i, i);
	buf_put_u8(&text, 0);
	read_more(&conf, (const char *)text.base, "a.conf", NULL);
	assert_int_equal(depmod_conf_finish(&conf), 0);
	for (unsigned int i = 0; i < 50000; i++) {
		snprintf(a, sizeof(a), "extra/%u/m%u.ko", i, i);
		snprintf(b, sizeof(b), "updates/m%u.ko", i);
		assert_true(depmod_conf_choose(&conf, a, b) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_search_like_kmod),
		cmocka_unit_test(test_external_like_kmod),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_equal_priority),
		cmocka_unit_test(test_exclude),
		cmocka_unit_test(test_hard_dependencies),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_merge_softdeps),
		cmocka_unit_test(test_bad_declarations),
		cmocka_unit_test(test_too_many_patterns),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_nul_and_long_lines),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_too_many_searches),
		cmocka_unit_test(test_one_winner),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
