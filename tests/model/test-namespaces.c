/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `modsure check` beside the model of a kernel: what it says of the namespaces of drawn modules, under
 * either setting of the kernel's option and without knowing it, is what happens when they are loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "check/rules.h"
#include "conf/kernel-config.h"
#include "elf/kernel-exports.h"
#include "graph/test-facts.h"
#include "model/kernel-model.h"

#define WORLDS 3000u
#define MODULES 8u

/** enum option - of the kernel: CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS */
enum option {
	OPTION_OFF,
	OPTION_ON,
	OPTION_NOT_KNOWN, /* to the check; the kernel has it off */
	OPTIONS,
};

static const char *const namespaces[] = {
	"",          "PLAIN",       "PLAIN2",      "module:m1",   "module:m-2,m3",
	"module:m*", "module:,m5,", "module:*,m0", "module:m1*x",
};

/** struct world - modules, each of which may use those before it */
struct world {
	char names[MODULES][8], exports[MODULES][40], uses[MODULES][200], tags[MODULES][200],
		imports[MODULES][120], needs[MODULES][40];
	const char *into[MODULES];
};

static uint32_t draw(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static const char *draw_namespace(uint32_t *seed)
{
	return namespaces[draw(seed, sizeof(namespaces) / sizeof(namespaces[0]))];
}

static void draw_world(struct world *w, uint32_t seed)
{
	*w = (struct world){ 0 };
	for (uint32_t i = 0; i < MODULES; i++) {
		const char *ns = draw_namespace(&seed);
		size_t n;

		w->into[i] = ns;
		(void)snprintf(w->names[i], sizeof(w->names[i]), "m%c%u",
			       draw(&seed, 3) ? '_' : 'x', i);
		if (draw(&seed, 2))
			(void)snprintf(w->names[i], sizeof(w->names[i]), "m%u", i);
		(void)snprintf(w->exports[i], sizeof(w->exports[i]), *ns ? "s%u@%s" : "s%u", i, ns);
		(void)snprintf(w->tags[i], sizeof(w->tags[i]), "license=GPL\nname=%s\n",
			       w->names[i]);
		for (uint32_t k = 0; k < i; k++) {
			if (draw(&seed, 3))
				continue;
			n = strlen(w->uses[i]);
			(void)snprintf(w->uses[i] + n, sizeof(w->uses[i]) - n, " s%u", k);
			n = strlen(w->needs[i]);
			(void)snprintf(w->needs[i] + n, sizeof(w->needs[i]) - n, " %s",
				       w->names[k]);
			if (draw(&seed, 4) == 0)
				continue;
			/* Mostly what it needs, sometimes another one. */
			ns = draw(&seed, 8) ? w->into[k] : draw_namespace(&seed);
			n = strlen(w->tags[i]);
			(void)snprintf(w->tags[i] + n, sizeof(w->tags[i]) - n,
				       *ns ? "import_ns=%s\n" : "", ns);
			n = strlen(w->imports[i]);
			(void)snprintf(w->imports[i] + n, sizeof(w->imports[i]) - n, " %s", ns);
		}
	}
}

/** struct said - what the check has to say of one module's namespaces */
struct said {
	bool is_refused, is_import_refused, is_warned, is_unsure;
};

static void read_findings(const struct check *c, const struct world *w, struct said *said)
{
	for (uint32_t k = 0; k < c->n_findings; k++) {
		const struct check_finding *f = &c->findings[k];
		bool is_use = strcmp(f->rule->name, "namespace-not-imported") == 0 ||
			      strcmp(f->rule->name, "module-not-listed") == 0;

		for (uint32_t i = 0; i < MODULES; i++) {
			if (!f->module || strcmp(f->module, w->names[i]) != 0)
				continue;
			said[i].is_refused |= is_use && f->severity == CHECK_ERROR;
			said[i].is_warned |= is_use && f->severity == CHECK_WARNING;
			said[i].is_unsure |= is_use && strstr(f->message, "not known");
			said[i].is_import_refused |=
				strcmp(f->rule->name, "module-list-imported") == 0;
		}
	}
}

static void ask_check(const struct world *w, const char *release, enum option option,
		      struct said *said)
{
	static const char *const configs[] = {
		"CONFIG_MODULES=y\n# CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS is not set\n",
		"CONFIG_MODULES=y\nCONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS=y\n",
	};
	struct graph_module modules[MODULES] = { 0 };
	struct check_module asked[MODULES] = { 0 };
	struct graph g = { .modules = modules, .n_modules = MODULES };
	struct findings findings = { 0 };
	const struct findings *lists[] = { &findings };
	struct kernel_config config = { 0 };
	struct kernel_exports exports = { 0 };
	struct check_input in = { .graph = &g,
				  .modules = asked,
				  .findings = lists,
				  .n_findings = 1,
				  .release = release,
				  .exports = &exports };
	struct check c = { 0 };
	struct diag diag;

	for (uint32_t i = 0; i < MODULES; i++) {
		modules[i] =
			(struct graph_module){ .name = w->names[i],
					       .path = w->names[i],
					       .facts = made_tagged_facts(w->exports[i], w->uses[i],
									  w->tags[i]) };
		asked[i] = (struct check_module){ .path = w->names[i],
						  .compression = "none",
						  .is_asked = true };
	}
	assert_int_equal(graph_resolve(&g, &findings), 0);
	in.knows = CHECK_NEEDS_EXPORTS | CHECK_NEEDS_NAMESPACES | CHECK_NEEDS_RELEASE;
	if (option != OPTION_NOT_KNOWN) {
		assert_int_equal(
			kernel_config_read(&config,
					   bytes_of(configs[option], strlen(configs[option])), NULL,
					   NULL, &diag),
			0);
		in.config = &config;
		in.knows |= CHECK_NEEDS_CONFIG;
	}
	assert_int_equal(check_rules_run(&c, &in), 0);
	read_findings(&c, w, said);
	check_done(&c);
	kernel_config_done(&config);
	graph_done(&g);
	findings_done(&findings);
	for (uint32_t i = 0; i < MODULES; i++)
		free((void *)(uintptr_t)modules[i].facts);
}

/* What the kernel answers about module @i when all that it needs is live. */
static int load(const struct world *w, uint32_t i, bool has_lists, enum option option,
		bool *ret_has_warned)
{
	struct kernel_model *model = kernel_model_new(KERNEL_MODEL_6_12);
	struct kernel_insert insert = { .name = w->names[i], .fd = 3 };
	struct kernel kernel;
	int r;

	kernel_model_set_namespaces(
		model, (struct kernel_model_namespaces){ option == OPTION_ON, has_lists });
	for (uint32_t k = 0; k < MODULES; k++) {
		struct kernel_model_module module = { .name = w->names[k],
						      .needs = k == i ? w->needs[i] : NULL,
						      .is_live = k < i,
						      .exports_into = w->into[k],
						      .imports = w->imports[k] };

		assert_int_equal(kernel_model_add(model, &module), 0);
	}
	kernel_model_kernel(model, &kernel);
	r = kernel.insert(kernel.ctx, &insert);
	*ret_has_warned = kernel_model_warnings(model) > 0;
	assert_true((kernel_model_state(model, w->names[i]) == MODULE_LIVE) == (r == 0));
	kernel_model_free(model);
	return r;
}

static void the_kernel_does_what_the_check_says(void **state)
{
	static const char *const releases[] = { "6.12.1", "6.16.0" };
	unsigned int n[5] = { 0 };

	(void)state;
	for (uint32_t seed = 1; seed <= WORLDS; seed++) {
		enum option option = (enum option)(seed % OPTIONS);
		bool has_lists = seed / OPTIONS % 2;
		struct said said[MODULES] = { 0 };
		struct world w;

		draw_world(&w, seed);
		ask_check(&w, releases[has_lists], option, said);
		for (uint32_t i = 0; i < MODULES; i++) {
			bool has_warned;
			int r = load(&w, i, has_lists, option, &has_warned);
			int want = said[i].is_import_refused ? -EPERM
				   : said[i].is_refused      ? -EINVAL
							     : 0;

			if (r != want || (r == 0 && has_warned != said[i].is_warned) ||
			    said[i].is_unsure != (said[i].is_refused && option == OPTION_NOT_KNOWN))
				fail_msg(
					"world %u, module %s: the kernel %d, the check %d, warnings %d and %d",
					seed, w.names[i], r, want, has_warned, said[i].is_warned);
			n[0] += r == 0 && !has_warned;
			n[1] += r == 0 && has_warned;
			n[2] += r == -EINVAL;
			n[3] += r == -EPERM;
			n[4] += said[i].is_unsure;
		}
	}
	print_message("# taken %u, with a warning %u, EINVAL %u, EPERM %u, not sure %u\n", n[0],
		      n[1], n[2], n[3], n[4]);
	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		assert_true(n[i] > WORLDS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_does_what_the_check_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
