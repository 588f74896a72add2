# SPDX-License-Identifier: LGPL-2.1-or-later
# A thin door to meson. What can be set: PREFIX, DESTDIR, BUILD, MESON_ARGS, JOBS.
PREFIX ?= /usr/local
BUILD ?= build
JOBS ?= $(shell nproc)

.PHONY: all try check install bench fuzz deps clean

all: $(BUILD)/build.ninja
	@ninja --quiet -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/install-deps build
	@meson setup $(BUILD) --prefix $(PREFIX) -Dsysconfdir=/etc -Dtests=disabled $(MESON_ARGS) >$(BUILD).log 2>&1 || \
		{ cat $(BUILD).log; exit 1; }

# Shows what depmod and modinfo do with a real kernel; one screen.
try: all
	@tools/install-deps try
	@tools/try $(BUILD)

# All tests, on a plain build and on one with sanitizers; the last line counts them.
check:
	@tools/install-deps build check
	@tools/check

install: all
	@meson configure $(BUILD) -Dprefix=$(PREFIX) && ninja --quiet -C $(BUILD)
	@meson install --quiet -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

bench: all
	@tools/install-deps check bench
	@meson configure $(BUILD) -Dtests=enabled && ninja --quiet -C $(BUILD)
	@tests/bench/run $(BUILD)

# SECONDS a target, each on its kept corpus: make fuzz SECONDS=600
fuzz:
	@tools/install-deps build check
	@tools/fuzz $(or $(SECONDS),20)

deps:
	tools/install-deps build try check

clean:
	rm -rf build build.log build-failed.log build-asan* build-none* build-f[eu]*
