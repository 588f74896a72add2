/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/hash.h"

#include "bytes/bytes.h"

uint32_t hash_order(const void *data, size_t size)
{
	const uint8_t *k = data;
	uint32_t h = (uint32_t)size;
	size_t rest = size & 3;

	for (size_t n = size >> 2; n > 0; n--, k += 4) {
		uint32_t t;

		h += get_u16(k, false);
		t = ((uint32_t)get_u16(k + 2, false) << 11) ^ h;
		h = (h << 16) ^ t;
		h += h >> 11;
	}
	switch (rest) {
	case 3:
		h += get_u16(k, false);
		h ^= h << 16;
		h ^= (uint32_t)(int8_t)k[2] << 18;
		h += h >> 11;
		break;
	case 2:
		h += get_u16(k, false);
		h ^= h << 11;
		h += h >> 17;
		break;
	case 1:
		h += (uint32_t)(int8_t)k[0];
		h ^= h << 10;
		h += h >> 1;
		break;
	default:
		break;
	}
	h ^= h << 3;
	h += h >> 5;
	h ^= h << 4;
	h += h >> 17;
	h ^= h << 25;
	h += h >> 6;
	return h;
}

/* Multiply-and-fold over 8-byte words; the constants are odd numbers without structure. */
#define MIX_A 0x9e3779b97f4a7c15ULL
#define MIX_B 0xd6e8feb86659fd93ULL

static inline uint64_t mix(uint64_t h, uint64_t w)
{
	h = (h ^ w) * MIX_A;
	return h ^ (h >> 29);
}

static uint64_t hash_words(const uint8_t *p, size_t size, uint64_t h)
{
	uint64_t w = 0;

	for (; size >= 8; p += 8, size -= 8)
		h = mix(h, get_u64(p, false));
	for (size_t i = 0; i < size; i++)
		w |= (uint64_t)p[i] << (8 * i);
	h = mix(h, w ^ ((uint64_t)size << 56));
	h *= MIX_B;
	return h ^ (h >> 32);
}

uint32_t hash_name(const char *s, size_t size)
{
	uint32_t h = (uint32_t)hash_words((const uint8_t *)s, size, size * MIX_B);

	return h ? h : 1;
}

uint64_t hash_content(const void *data, size_t size, uint64_t seed)
{
	return hash_words(data, size, mix(seed, size));
}
