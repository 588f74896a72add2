/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/codec-internal.h"

const struct codec_ops codec_zstd = { 0 };
const struct payload_ops payload_zstd = { 0 };
