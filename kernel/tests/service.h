/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
/*
 * What group_2 and weak_service offer. Those that need it look for it by name while they run: no symbol is
 * undefined in their files, so neither modpost nor depmod knows.
 */
int group_service(void);
int weak_service(void);
