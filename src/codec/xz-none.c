/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/codec-internal.h"

const struct codec_ops codec_xz = { 0 };
const struct payload_ops payload_xz = { 0 }, payload_lzma = { 0 };
