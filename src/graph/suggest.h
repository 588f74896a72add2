/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Is a soft dependency more than a wish? What two module files say about it: symbols that one uses and
 * the other provides for, names that one asks for, messages. Advice for people, with its evidence.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bytes/buf.h"

struct facts;

/** enum suggest_verdict - what the dependency looks like */
enum suggest_verdict {
	SUGGEST_ORDER,	  /* "order": nothing in the files says that it must be there */
	SUGGEST_PRESENCE, /* "presence": the kernel asks for it when it is used; it must be within reach */
	SUGGEST_HARD,	  /* "hard": it must be loaded before */
};

/** enum suggest_trait - what symbols tell of a module */
enum suggest_trait {
	TRAIT_REQUESTS,
	TRAIT_MAKES_PLATFORM_DEVICES,
	TRAIT_USES_CRYPTO,
	TRAIT_USES_GOVERNOR, TRAIT_HAS_GOVERNOR,
	TRAIT_USES_NLS, TRAIT_HAS_NLS,
	TRAIT_USES_LOGGER, TRAIT_HAS_LOGGER,
	TRAIT_USES_TEE, TRAIT_HAS_TEE,
	TRAIT_USES_NETWORK_PHY, TRAIT_HAS_NETWORK_PHY, TRAIT_HAS_MDIO_BUS,
	TRAIT_USES_PHY, TRAIT_HAS_PHY,
	TRAIT_USES_REGULATOR, TRAIT_HAS_REGULATOR,
	TRAIT_USES_CLOCK, TRAIT_HAS_CLOCK,
	TRAIT_USES_GPIO, TRAIT_HAS_GPIO,
	TRAIT_USES_PINCTRL, TRAIT_HAS_PINCTRL,
	TRAITS, /* how many */
};

/** struct suggest_module - a module file; filled by suggest_module_init() */
struct suggest_module {
	const char *name;
	const struct facts *facts; /* NULL: built in, or the file cannot be read */
	struct bytes strings;	   /* of the owner: as strings_read() */
	const char *traits[TRAITS]; /* an import that tells so; NULL without */
};

/** struct suggest_case - a soft dependency and what is known around it */
struct suggest_case {
	const struct suggest_module *owner;
	const char *word; /* as it was written */
	bool is_post;
	bool is_needed; /* modules.dep brings in the answers for their symbols */
	bool is_crypto; /* the crypto layer's own request for the word has the same answers */
	const struct suggest_module *const *answers;
	uint32_t n_answers;
};

/**
 * suggest_module_init() - @name, @facts (with symbols and aliases; may be NULL) and @strings: borrowed
 * Cost: one pass over the imports.
 */
void suggest_module_init(struct suggest_module *m, const char *name, const struct facts *facts,
			 struct bytes strings);

/**
 * suggest_judge() - the verdict
 * @ret_evidence: sentences without full stops, each with a NUL behind, are appended; at least one
 *
 * What the kernel asks for by itself need not be there before; so evidence for presence outweighs
 * evidence for order of loading. What is loaded after its owner is never hard.
 * Cost: a pass over the owner's texts for each answer and some hundred of its aliases.
 */
enum suggest_verdict suggest_judge(const struct suggest_case *c, struct buf *ret_evidence);

/** suggest_verdict_name() - the words above */
const char *suggest_verdict_name(enum suggest_verdict verdict);
