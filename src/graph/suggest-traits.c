/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which imports tell what a module does? Functions that get along without what they ask for (those
 * called optional) tell nothing.
 */
#include <string.h>

#include "elf/facts.h"
#include "graph/suggest.h"

/** struct trait_symbol - one that ends in a '*' stands for all that begin so */
struct trait_symbol {
	enum suggest_trait trait;
	const char *name;
};

static const struct trait_symbol symbols[] = {
	{ TRAIT_REQUESTS, "__request_module" },
	{ TRAIT_MAKES_PLATFORM_DEVICES, "platform_device_register" },
	{ TRAIT_MAKES_PLATFORM_DEVICES, "platform_device_register_full" },
	{ TRAIT_MAKES_PLATFORM_DEVICES, "platform_device_alloc" },
	{ TRAIT_MAKES_PLATFORM_DEVICES, "platform_add_devices" },
	{ TRAIT_MAKES_PLATFORM_DEVICES, "mfd_add_devices" },
	{ TRAIT_MAKES_PLATFORM_DEVICES, "devm_mfd_add_devices" },
	{ TRAIT_USES_CRYPTO, "crypto_alloc_*" },
	{ TRAIT_USES_CRYPTO, "crypto_grab_*" },
	{ TRAIT_USES_GOVERNOR, "devfreq_add_device" },
	{ TRAIT_USES_GOVERNOR, "devm_devfreq_add_device" },
	{ TRAIT_HAS_GOVERNOR, "devfreq_add_governor" },
	{ TRAIT_HAS_GOVERNOR, "devm_devfreq_add_governor" },
	{ TRAIT_USES_NLS, "load_nls" },
	{ TRAIT_USES_NLS, "load_nls_default" },
	{ TRAIT_HAS_NLS, "__register_nls" },
	{ TRAIT_USES_LOGGER, "nf_logger_find_get" },
	{ TRAIT_HAS_LOGGER, "nf_log_register" },
	{ TRAIT_USES_TEE, "tee_client_open_context" },
	{ TRAIT_HAS_TEE, "tee_device_register" },
	{ TRAIT_USES_NETWORK_PHY, "phy_connect" },
	{ TRAIT_USES_NETWORK_PHY, "phy_connect_direct" },
	{ TRAIT_USES_NETWORK_PHY, "phy_attach" },
	{ TRAIT_USES_NETWORK_PHY, "phy_attach_direct" },
	{ TRAIT_USES_NETWORK_PHY, "phylink_connect_phy" },
	{ TRAIT_USES_NETWORK_PHY, "phylink_of_phy_connect" },
	{ TRAIT_USES_NETWORK_PHY, "phylink_fwnode_phy_connect" },
	{ TRAIT_USES_NETWORK_PHY, "of_phy_connect" },
	{ TRAIT_USES_NETWORK_PHY, "of_phy_get_and_connect" },
	{ TRAIT_HAS_NETWORK_PHY, "phy_driver_register" },
	{ TRAIT_HAS_NETWORK_PHY, "phy_drivers_register" },
	{ TRAIT_HAS_MDIO_BUS, "__mdiobus_register" },
	{ TRAIT_HAS_MDIO_BUS, "__devm_mdiobus_register" },
	{ TRAIT_HAS_MDIO_BUS, "of_mdiobus_register" },
	{ TRAIT_HAS_MDIO_BUS, "__of_mdiobus_register" },
	{ TRAIT_HAS_MDIO_BUS, "__devm_of_mdiobus_register" },
	{ TRAIT_USES_PHY, "phy_get" },
	{ TRAIT_USES_PHY, "devm_phy_get" },
	{ TRAIT_USES_PHY, "of_phy_get" },
	{ TRAIT_USES_PHY, "devm_of_phy_get" },
	{ TRAIT_USES_PHY, "devm_of_phy_get_by_index" },
	{ TRAIT_HAS_PHY, "phy_create" },
	{ TRAIT_HAS_PHY, "devm_phy_create" },
	{ TRAIT_USES_REGULATOR, "regulator_get" },
	{ TRAIT_USES_REGULATOR, "devm_regulator_get" },
	{ TRAIT_USES_REGULATOR, "regulator_bulk_get" },
	{ TRAIT_USES_REGULATOR, "devm_regulator_bulk_get" },
	{ TRAIT_HAS_REGULATOR, "regulator_register" },
	{ TRAIT_HAS_REGULATOR, "devm_regulator_register" },
	{ TRAIT_USES_CLOCK, "clk_get" },
	{ TRAIT_USES_CLOCK, "devm_clk_get" },
	{ TRAIT_USES_CLOCK, "devm_clk_get_enabled" },
	{ TRAIT_USES_CLOCK, "devm_clk_bulk_get" },
	{ TRAIT_HAS_CLOCK, "clk_register" },
	{ TRAIT_HAS_CLOCK, "clk_hw_register" },
	{ TRAIT_HAS_CLOCK, "devm_clk_hw_register" },
	{ TRAIT_HAS_CLOCK, "devm_of_clk_add_hw_provider" },
	{ TRAIT_USES_GPIO, "gpiod_get" },
	{ TRAIT_USES_GPIO, "gpiod_get_index" },
	{ TRAIT_USES_GPIO, "devm_gpiod_get" },
	{ TRAIT_USES_GPIO, "devm_gpiod_get_index" },
	{ TRAIT_USES_GPIO, "devm_gpiod_get_array" },
	{ TRAIT_HAS_GPIO, "gpiochip_add_data_with_key" },
	{ TRAIT_HAS_GPIO, "devm_gpiochip_add_data_with_key" },
	{ TRAIT_USES_PINCTRL, "pinctrl_get" },
	{ TRAIT_USES_PINCTRL, "devm_pinctrl_get" },
	{ TRAIT_HAS_PINCTRL, "pinctrl_register" },
	{ TRAIT_HAS_PINCTRL, "devm_pinctrl_register" },
	{ TRAIT_HAS_PINCTRL, "devm_pinctrl_register_and_init" },
};

static bool is_match(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return strncmp(pattern, name, n - 1) == 0;
	return strcmp(pattern, name) == 0;
}

/* Of several imports the first in the order of bytes: symbol tables have no order worth keeping. */
static void add_import(struct suggest_module *m, const char *name)
{
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		const char **known = &m->traits[symbols[i].trait];

		if (symbols[i].name[0] == name[0] && is_match(symbols[i].name, name) &&
		    (!*known || strcmp(name, *known) < 0))
			*known = name;
	}
}

void suggest_module_init(struct suggest_module *m, const char *name, const struct facts *facts,
			 struct bytes strings)
{
	*m = (struct suggest_module){ .name = name, .facts = facts, .strings = strings };
	for (uint32_t i = 0; facts && i < facts->n_imports; i++)
		add_import(m, facts_string(facts, facts_imports(facts)[i].name));
}
