/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/codec-internal.h"

const struct payload_ops payload_lz4 = { 0 };
