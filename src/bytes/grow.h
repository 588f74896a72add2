/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Arrays that grow: room for one more item.
 */
#include <stddef.h>
#include <stdint.h>

/**
 * grow_array() - make sure that item @n fits
 * @items:    address of the array's pointer; the array may move
 * @capacity: items that fit; updated
 * @size:     of an item, bytes
 * @max:      items that there may ever be
 * Doubles, so that a run of calls is linear. On failure nothing has changed.
 * Return: 0; -E2BIG @n is @max; -ENOMEM.
 */
int grow_array(void *items, uint32_t n, uint32_t *capacity, size_t size, uint32_t max);
