/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "conf/modprobe-conf.h"

/* "file:line:kind what", a line each; line 0 where there is none. */
static void keep_note(void *ctx, const char *file, enum modprobe_note kind, const struct diag *diag)
{
	static const char *const names[] = { "bad", "unused" };

	buf_printf(ctx, "%s:%u:%s %s\n", file,
		   diag->place == DIAG_LINE ? (unsigned int)diag->where : 0, names[kind], diag->what);
}

static void read_bytes(struct modprobe_conf *conf, struct bytes text, const char *file,
		       struct buf *notes)
{
	const struct modprobe_conf_env env = { keep_note, notes };

	assert_int_equal(modprobe_conf_read(conf, text, file, notes ? &env : NULL), 0);
}

static void read_more(struct modprobe_conf *conf, const char *text, const char *file)
{
	read_bytes(conf, bytes_of(text, strlen(text)), file, NULL);
}

static void read_tags(struct modprobe_conf *conf, enum modprobe_rule_kind kind, const char *text,
		      const char *file, struct buf *notes)
{
	const struct modprobe_conf_env env = { keep_note, notes };

	assert_int_equal(modprobe_conf_read_tags(conf, kind, bytes_of(text, strlen(text)), file,
						 notes ? &env : NULL),
			 0);
}

static void read_cmdline(struct modprobe_conf *conf, const char *text, struct buf *notes)
{
	const struct modprobe_conf_env env = { keep_note, notes };

	assert_int_equal(modprobe_conf_read_cmdline(conf, bytes_of(text, strlen(text)), "cmdline",
						    notes ? &env : NULL),
			 0);
}

static struct modprobe_conf conf_of(const char *text)
{
	struct modprobe_conf conf = { 0 };

	read_more(&conf, text, "a.conf");
	return conf;
}

/* All that is said of @name, each as "file:line <text>" and a newline. */
static void assert_found(const struct modprobe_conf *conf, enum modprobe_rule_kind kind,
			 const char *name, const char *want)
{
	const struct modprobe_rule *rule = NULL;
	CLEANUP_BUF struct buf got = { 0 };

	while ((rule = modprobe_conf_next(conf, kind, name, rule)))
		buf_printf(&got, "%s:%u <%s>\n", rule->file, rule->line, rule->text);
	buf_put_u8(&got, 0);
	assert_string_equal((const char *)got.base, want);
}

static void assert_softdep(const char *text, const char *want)
{
	struct softdep_words words = { .rest = text };
	CLEANUP_BUF struct buf got = { 0 };
	enum softdep_phase phase;
	const char *name;
	size_t size;

	while (softdep_next(&words, &phase, &name, &size))
		buf_printf(&got, "%c<%.*s>", phase == SOFTDEP_PRE ? '-' : '+', (int)size, name);
	assert_false(softdep_next(&words, &phase, &name, &size));
	buf_put_u8(&got, 0);
	assert_string_equal((const char *)got.base, want);
}

/* Names and texts below are those that `modprobe -c` of Debian's kmod 30 prints. */
static void test_alias(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf =
		conf_of("alias net-pf-10 ipv6\n"
			"alias q-[a-b]* m-n # comment\n"
			"  alias net-pf-* other\n"
			"alias net-pf-10 ipv6\n");

	(void)state;
	assert_found(&conf, MODPROBE_ALIAS, "net_pf_10",
		     "a.conf:1 <ipv6>\na.conf:3 <other>\na.conf:4 <ipv6>\n");
	assert_found(&conf, MODPROBE_ALIAS, "net_pf_11", "a.conf:3 <other>\n");
	assert_found(&conf, MODPROBE_ALIAS, "net-pf-10", "");
	assert_found(&conf, MODPROBE_ALIAS, "q_ax", "a.conf:2 <m_n>\n");
	assert_found(&conf, MODPROBE_ALIAS, "q__x", "");
	assert_found(&conf, MODPROBE_ALIAS, "net_pf_", "a.conf:3 <other>\n");
}

static void test_blacklist(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = conf_of("blacklist r-s # why\n"
								  "blacklist t*\r\n");

	(void)state;
	assert_found(&conf, MODPROBE_BLACKLIST, "r_s", "a.conf:1 <>\n");
	assert_found(&conf, MODPROBE_BLACKLIST, "why", "");
	assert_found(&conf, MODPROBE_BLACKLIST, "tx", "");
	assert_found(&conf, MODPROBE_BLACKLIST, "t*", "a.conf:2 <>\n");
}

static void test_options(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = conf_of("options   a-b   \t x=1\ty=2   \n"
								  "options \\\n  cont \\\n  z=1\\\n2\n"
								  "options a_b x=\"1 2\"\r\n"
								  "options a* x=3\n");

	(void)state;
	assert_found(&conf, MODPROBE_OPTIONS, "a_b",
		     "a.conf:1 <    x=1 y=2   >\na.conf:6 <x=\"1 2\">\n");
	assert_found(&conf, MODPROBE_OPTIONS, "cont", "a.conf:2 <  z=12>\n");
}

static void test_commands(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf =
		conf_of("install d-e    /bin/echo   hi  \n"
			"install q echo a\\;b \\\\n \"x\\\"y\"\t$CMDLINE_OPTS\n"
			"install snd_* /bin/false\n"
			"remove p-[*] /bin/true\n"
			"install snd-a /bin/true\n");

	(void)state;
	assert_found(&conf, MODPROBE_INSTALL, "d_e", "a.conf:1 <   /bin/echo   hi  >\n");
	assert_found(&conf, MODPROBE_INSTALL, "q", "a.conf:2 <echo a;b \\n \"x\"y\"\t$CMDLINE_OPTS>\n");
	assert_found(&conf, MODPROBE_INSTALL, "snd_a", "a.conf:3 </bin/false>\na.conf:5 </bin/true>\n");
	assert_found(&conf, MODPROBE_INSTALL, "p_*", "");
	assert_found(&conf, MODPROBE_REMOVE, "p_*", "a.conf:4 </bin/true>\n");
	assert_found(&conf, MODPROBE_REMOVE, "p_x", "");
}

static void test_softdep(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };

	(void)state;
	read_tags(&conf, MODPROBE_SOFTDEP, "# from modules\nsoftdep m pre: a\nsoftdep m b\n",
		  "modules.softdep", NULL);
	read_more(&conf, "softdep m-*  pre: x-y\tz  post: d \nsoftdep m post: e\n", "z.conf");
	assert_found(&conf, MODPROBE_SOFTDEP, "m",
		     "modules.softdep:2 <pre: a>\nmodules.softdep:3 <b>\nz.conf:2 <post: e>\n");
	assert_found(&conf, MODPROBE_SOFTDEP, "m_n", "z.conf:1 <pre: x-y\tz  post: d>\n");
}

static void test_softdep_words(void **state)
{
	(void)state;
	assert_softdep("", "");
	assert_softdep(" \t", "");
	assert_softdep("pre: a-b\tc  post: d", "-<a-b>-<c>+<d>");
	assert_softdep("gcm ccm post: d pre: e", "-<gcm>-<ccm>+<d>-<e>");
	assert_softdep("pre: post:", "");
	assert_softdep("post: a pre:", "+<a>");
	assert_softdep("pre:a post", "-<pre:a>-<post>");
}

static void test_softdep_taken_back(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };

	(void)state;
	read_tags(&conf, MODPROBE_SOFTDEP, "softdep m pre: a\nsoftdep n b\nsoftdep o c\n",
		  "modules.softdep", NULL);
	read_more(&conf, "softdep m x\nsoftdep m\nsoftdep m y\nsoftdep m\t\nsoftdep m z\n", "a.conf");
	read_more(&conf, "softdep n pre: post:\nsoftdep m more\n", "b.conf");
	assert_found(&conf, MODPROBE_SOFTDEP, "m", "a.conf:5 <z>\nb.conf:2 <more>\n");
	assert_found(&conf, MODPROBE_SOFTDEP, "n", "");
	assert_found(&conf, MODPROBE_SOFTDEP, "o", "modules.softdep:3 <c>\n");
	read_more(&conf, "softdep [m-n]\n", "c.conf");
	assert_found(&conf, MODPROBE_SOFTDEP, "m", "");
	assert_found(&conf, MODPROBE_SOFTDEP, "o", "modules.softdep:3 <c>\n");
}

static void test_weakdep(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };

	(void)state;
	read_tags(&conf, MODPROBE_WEAKDEP, "weakdep m a b\nweakdep n a\n", "modules.weakdep", NULL);
	read_more(&conf, "weakdep m c\nweakdep n\nweakdep n d\n", "a.conf");
	assert_found(&conf, MODPROBE_WEAKDEP, "m", "modules.weakdep:1 <a b>\na.conf:1 <c>\n");
	assert_found(&conf, MODPROBE_WEAKDEP, "n", "a.conf:3 <d>\n");
	assert_found(&conf, MODPROBE_SOFTDEP, "m", "");
}

/* What a module says of itself can be about no other, do nothing else and take nothing back. */
static void test_harddep(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf =
		conf_of("harddep r8169 realtek \t phy-x\n"
			"harddep r81[5-7]* a # b c\n"
			"harddep! r8169 must\n"
			"softdep r8169 pre: soft\n"
			"harddep taken x\n"
			"harddep taken\n"
			"harddep taken y\n"
			"harddep all-* # nothing\n");
	const struct modprobe_rule *rules = conf.rules[MODPROBE_HARDDEP].items;

	(void)state;
	assert_found(&conf, MODPROBE_HARDDEP, "r8169",
		     "a.conf:1 <realtek phy-x>\na.conf:2 <a>\na.conf:3 <must>\n");
	assert_found(&conf, MODPROBE_HARDDEP, "r8159", "a.conf:2 <a>\n");
	assert_found(&conf, MODPROBE_HARDDEP, "taken", "a.conf:7 <y>\n");
	assert_found(&conf, MODPROBE_HARDDEP, "realtek", "");
	assert_false(rules[0].is_strict || rules[1].is_strict || rules[3].is_strict);
	assert_true(rules[2].is_strict);
	assert_true(modprobe_conf_takes_back(&conf, MODPROBE_HARDDEP, "taken"));
	assert_true(modprobe_conf_takes_back(&conf, MODPROBE_HARDDEP, "all_of_it"));
	assert_false(modprobe_conf_takes_back(&conf, MODPROBE_HARDDEP, "r8169"));
	assert_false(modprobe_conf_takes_back(&conf, MODPROBE_SOFTDEP, "taken"));
}

static void test_conflict(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf =
		conf_of("conflict nou-veau nvidia nvidia-drm # c\n"
			"conflict pci:v10DE x\n"
			"conflict nou_veau b\n");

	(void)state;
	assert_found(&conf, MODPROBE_CONFLICT, "nou_veau",
		     "a.conf:1 <nvidia nvidia-drm>\na.conf:3 <b>\n");
	assert_found(&conf, MODPROBE_CONFLICT, "pci:v10DE", "a.conf:2 <x>\n");
	assert_found(&conf, MODPROBE_CONFLICT, "nvidia", "");
}

/* What is wrong is told with its line, and what is left of the line counts. */
static void test_bad_declarations(void **state)
{
	static const char text[] = "harddep\n"
				   "harddep m self m a\n"
				   "harddep! n\n"
				   "harddep m b c-d b c_d b\n"
				   "harddep m \x1b[2J e\n"
				   "harddep m \xc3\xa4\n"
				   "harddep m x[ f]\n"
				   "harddep \x01 x\n"
				   "conflict m\n"
				   "conflict m # n\n"
				   "conflict m* n\n"
				   "conflict m n* o m o p\n"
				   "harddep! m strict\n"
				   "harddep m lax\n";
	static const char *const want[] = {
		"bad.conf:1:bad harddep: needs a module\n",
		"bad.conf:2:bad harddep: 'm' names itself\n",
		"bad.conf:3:bad harddep!: needs two names\n",
		"bad.conf:4:bad harddep: 'b' stands there twice\n"
		"bad.conf:4:bad harddep: 'c_d' stands there twice\n"
		"bad.conf:4:bad harddep: 'b' stands there twice\n",
		"bad.conf:5:bad harddep: '\x1b[2J' is no name\n",
		"bad.conf:6:bad harddep: '\xc3\xa4' is no name\n",
		"bad.conf:7:bad harddep: 'x[' has a bracket without its other\n"
		"bad.conf:7:bad harddep: 'f]' has a bracket without its other\n",
		"bad.conf:8:bad harddep: '\x01' is no name\n",
		"bad.conf:9:bad conflict: needs two names\n",
		"bad.conf:10:bad conflict: needs two names\n",
		"bad.conf:11:bad conflict: 'm*' is a pattern, and none may stand here\n",
		"bad.conf:12:bad conflict: 'n*' is a pattern, and none may stand here\n"
		"bad.conf:12:bad conflict: 'm' names itself\n"
		"bad.conf:12:bad conflict: 'o' stands there twice\n",
	};
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 }, all = { 0 };

	(void)state;
	read_bytes(&conf, bytes_of(text, sizeof(text) - 1), "bad.conf", &notes);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		buf_put_string(&all, want[i]);
	buf_put_u8(&all, 0);
	buf_put_u8(&notes, 0);
	assert_string_equal((char *)notes.base, (char *)all.base);
	assert_found(&conf, MODPROBE_HARDDEP, "m",
		     "bad.conf:2 <self a>\nbad.conf:4 <b c-d>\nbad.conf:5 <e>\n"
		     "bad.conf:13 <strict>\nbad.conf:14 <lax>\n");
	assert_found(&conf, MODPROBE_CONFLICT, "m", "bad.conf:12 <o p>\n");
	assert_true(conf.rules[MODPROBE_HARDDEP].items[3].is_strict);
	assert_false(conf.rules[MODPROBE_HARDDEP].items[4].is_strict);
}

static void test_thousand_names(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 }, text = { 0 }, want = { 0 };

	(void)state;
	buf_put_string(&text, "harddep m");
	buf_put_string(&want, "a.conf:1 <n0");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, " n%d", i);
	for (int i = 1; i < 1000; i++)
		buf_printf(&want, " n%d", i);
	buf_put_string(&want, ">\n");
	buf_put_u8(&want, 0);
	read_bytes(&conf, buf_bytes(&text), "a.conf", &notes);
	assert_int_equal(notes.size, 0);
	assert_found(&conf, MODPROBE_HARDDEP, "m", (char *)want.base);
}

static void test_tags(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 };

	(void)state;
	read_tags(&conf, MODPROBE_SOFTDEP,
		  "softdep m pre: a\n"
		  "install m /bin/sh\n"
		  "weakdep m b\n"
		  "softdep * pre: evil\n"
		  "softdep m\n"
		  "softdep m \n"
		  "softdep m pre: b*\n"
		  "softdep m[ c\n"
		  "softdep\n",
		  "modules.softdep", &notes);
	buf_put_u8(&notes, 0);
	assert_found(&conf, MODPROBE_SOFTDEP, "m",
		     "modules.softdep:1 <pre: a>\nmodules.softdep:7 <pre: b*>\n");
	assert_found(&conf, MODPROBE_SOFTDEP, "other", "");
	assert_found(&conf, MODPROBE_INSTALL, "m", "");
	assert_found(&conf, MODPROBE_WEAKDEP, "m", "");
	assert_non_null(strstr((char *)notes.base, "modules.softdep:2:bad install: "));
	assert_non_null(strstr((char *)notes.base, "modules.softdep:3:bad weakdep: "));
	assert_non_null(strstr((char *)notes.base, "modules.softdep:4:bad softdep: '*' "));
	assert_non_null(strstr((char *)notes.base, "modules.softdep:8:bad softdep: 'm[' "));
	assert_null(strstr((char *)notes.base, ":5:"));
	assert_null(strstr((char *)notes.base, ":7:"));
}

static void test_mask_and_allow(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 };
	static const char text[] = "mask usb-storage nf_* # not ext4\n"
				   "allow ext4 \\\n bad[ xfs #btrfs\n"
				   "mask # nothing\n"
				   "allow\n";

	(void)state;
	read_bytes(&conf, bytes_of(text, sizeof(text) - 1), "a.conf", &notes);
	buf_put_u8(&notes, 0);
	assert_found(&conf, MODPROBE_MASK, "usb_storage", "a.conf:1 <>\n");
	assert_found(&conf, MODPROBE_MASK, "nf_tables", "a.conf:1 <>\n");
	assert_found(&conf, MODPROBE_MASK, "ext4", "");
	assert_found(&conf, MODPROBE_ALLOW, "ext4", "a.conf:2 <>\n");
	assert_found(&conf, MODPROBE_ALLOW, "xfs", "a.conf:2 <>\n");
	assert_found(&conf, MODPROBE_ALLOW, "btrfs", "");
	assert_found(&conf, MODPROBE_ALLOW, "usb_storage", "");
	assert_non_null(strstr((char *)notes.base, "a.conf:2:bad allow: 'bad[' "));
	assert_non_null(strstr((char *)notes.base, "a.conf:4:bad mask: "));
	assert_non_null(strstr((char *)notes.base, "a.conf:5:bad allow: "));
}

static void test_bad_lines(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 }, text = { 0 };
	static const char lines[] = "# alias\n"
				    "alias a\n"
				    "alias bad[ m\n"
				    "alias b m]\n"
				    "blacklist\n"
				    "options a\n"
				    "options b  \t\n"
				    "install c\n"
				    "install c  \n"
				    "remove\n"
				    "softdep\n"
				    "weakdep \n"
				    "\tinclude x\n"
				    "config binary_indexes yes\n"
				    "blaklist a\n"
				    "options \\\n z[ x=1\n"
				    "options n\0ul x=1\n"
				    "blacklist ";

	(void)state;
	buf_put(&text, lines, sizeof(lines) - 1);
	for (int i = 0; i < 4096; i++)
		buf_put_u8(&text, 'x');
	buf_put_string(&text, "\nblacklist good\n");
	read_bytes(&conf, buf_bytes(&text), "bad.conf", &notes);
	read_bytes(&conf, bytes_of("nonsense", 8), "worse.conf", &notes);
	buf_put_u8(&notes, 0);
	for (unsigned int line = 2; line <= 19; line++) {
		char want[32];

		snprintf(want, sizeof(want), "bad.conf:%u:%s ", line,
			 line == 13 || line == 14 ? "unused" : "bad");
		if (line == 17)
			assert_null(strstr((char *)notes.base, want));
		else if (!strstr((char *)notes.base, want))
			fail_msg("nothing begins with '%s' in\n%s", want, (char *)notes.base);
	}
	assert_non_null(strstr((char *)notes.base, ":3:bad alias: 'bad[' "));
	assert_non_null(strstr((char *)notes.base, ":15:bad blaklist: "));
	assert_non_null(strstr((char *)notes.base, "worse.conf:1:bad nonsense: "));
	assert_null(strstr((char *)notes.base, "bad.conf:1:"));
	assert_null(strstr((char *)notes.base, "bad.conf:20:"));
	for (int kind = 0; kind < MODPROBE_RULE_KINDS; kind++)
		assert_int_equal(conf.rules[kind].n, kind == MODPROBE_BLACKLIST);
	assert_found(&conf, MODPROBE_BLACKLIST, "good", "bad.conf:20 <>\n");
}

static void test_cmdline(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = conf_of("options a_b x=0\n");

	(void)state;
	read_cmdline(&conf,
		     "quiet a-b.x=1 a.y=\"two words\" \"c.z=three four words\" d.e.f=1 g.h "
		     "a.b=x\"y z\"w l.m=\"\" n.o=\"p\" n.bell=1\a2 a.tab=\"x\ty\" -- s.t=1\n",
		     NULL);
	/* As kmod 30, except for what is behind the "--". */
	assert_found(&conf, MODPROBE_OPTIONS, "a_b", "a.conf:1 <x=0>\ncmdline:0 <x=1>\n");
	assert_found(&conf, MODPROBE_OPTIONS, "a",
		     "cmdline:0 <y=\"two words\">\ncmdline:0 <b=x\"y z\"w>\ncmdline:0 <tab=\"x y\">\n");
	assert_found(&conf, MODPROBE_OPTIONS, "c", "cmdline:0 <z=\"three four words\">\n");
	assert_found(&conf, MODPROBE_OPTIONS, "d", "");
	assert_found(&conf, MODPROBE_OPTIONS, "g", "cmdline:0 <h>\n");
	assert_found(&conf, MODPROBE_OPTIONS, "l", "cmdline:0 <m=\"\">\n");
	assert_found(&conf, MODPROBE_OPTIONS, "n", "cmdline:0 <o=\"p\">\ncmdline:0 <bell=1\a2>\n");
	assert_found(&conf, MODPROBE_OPTIONS, "s", "");
	assert_int_equal(conf.rules[MODPROBE_OPTIONS].n, 10);
}

/* kmod keeps the '-' and so never matches. */
static void test_cmdline_blacklist(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };

	(void)state;
	read_cmdline(&conf,
		     "modprobe.blacklist=foo-bar,baz,,q modprobe.blacklist=\"last\" "
		     "modprobe.blacklist module_blacklist=k other.blacklist=l modprobe.x=1",
		     NULL);
	assert_found(&conf, MODPROBE_BLACKLIST, "foo_bar", "cmdline:0 <>\n");
	assert_found(&conf, MODPROBE_BLACKLIST, "baz", "cmdline:0 <>\n");
	assert_found(&conf, MODPROBE_BLACKLIST, "last", "cmdline:0 <>\n");
	assert_found(&conf, MODPROBE_BLACKLIST, "k", "");
	assert_int_equal(conf.rules[MODPROBE_BLACKLIST].n, 4);
	assert_found(&conf, MODPROBE_OPTIONS, "other", "cmdline:0 <blacklist=l>\n");
	assert_found(&conf, MODPROBE_OPTIONS, "modprobe", "cmdline:0 <x=1>\n");
}

/* A parameter stays one parameter, and takes nothing of its neighbours with it. */
static void test_cmdline_bad(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 }, text = { 0 };

	(void)state;
	buf_put_string(&text, "a.ok=1 \"a.x y\" \"a.x y=1\" \"a b.x=1\" \"a.v=\"1 2\"\" a.\"x\"=1 ");
	for (int i = 0; i < 300; i++)
		buf_put_u8(&text, 'm');
	buf_put_string(&text, ".x=1 modprobe.blacklist=");
	for (int i = 0; i < 300; i++)
		buf_put_u8(&text, 'n');
	buf_put_string(&text, ",b a.fine=2 a.open=1\"2 a.eaten=1");
	buf_put_u8(&text, 0);
	read_cmdline(&conf, (char *)text.base, &notes);
	buf_put_u8(&notes, 0);
	assert_int_equal(conf.rules[MODPROBE_OPTIONS].n, 2);
	assert_found(&conf, MODPROBE_OPTIONS, "a", "cmdline:0 <ok=1>\ncmdline:0 <fine=2>\n");
	assert_int_equal(conf.rules[MODPROBE_BLACKLIST].n, 1);
	assert_found(&conf, MODPROBE_BLACKLIST, "b", "cmdline:0 <>\n");
	assert_non_null(strstr((char *)notes.base, "cmdline:0:bad kernel command line: 'open' "));
	assert_non_null(strstr((char *)notes.base, "cmdline:0:bad kernel command line: 'mmm"));
	assert_non_null(strstr((char *)notes.base, "cmdline:0:bad kernel command line: 'nnn"));
	assert_non_null(strstr((char *)notes.base, "cmdline:0:bad kernel command line: 'x y' "));
}

static void test_limit(void **state)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	CLEANUP_BUF struct buf notes = { 0 }, text = { 0 };

	(void)state;
	for (unsigned int i = 0; i < MODPROBE_RULES_MAX / 1024; i++) {
		buf_put_string(&text, "mask");
		for (int k = 0; k < 1024; k++)
			buf_put_string(&text, " m");
		buf_put_u8(&text, '\n');
	}
	read_bytes(&conf, buf_bytes(&text), "a.conf", &notes);
	assert_int_equal(notes.size, 0);
	read_bytes(&conf, bytes_of("mask n\nblacklist n", 18), "b.conf", &notes);
	buf_put_u8(&notes, 0);
	assert_non_null(strstr((char *)notes.base, "b.conf:1:bad mask: "));
	assert_int_equal(conf.rules[MODPROBE_MASK].n, MODPROBE_RULES_MAX);
	assert_found(&conf, MODPROBE_BLACKLIST, "n", "b.conf:2 <>\n");
}

static void test_done(void **state)
{
	struct modprobe_conf conf = conf_of("blacklist a\n");

	(void)state;
	modprobe_conf_done(&conf);
	assert_found(&conf, MODPROBE_BLACKLIST, "a", "");
	modprobe_conf_done(&conf);
	modprobe_conf_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_blacklist),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_softdep),
		cmocka_unit_test(test_softdep_words),
		cmocka_unit_test(test_softdep_taken_back),
		cmocka_unit_test(test_weakdep),
		cmocka_unit_test(test_harddep),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_bad_declarations),
		cmocka_unit_test(test_thousand_names),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_mask_and_allow),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_cmdline_blacklist),
		cmocka_unit_test(test_cmdline_bad),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
