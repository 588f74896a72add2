# SPDX-License-Identifier: LGPL-2.1-or-later
# Words of the scenarios that run in the guest. What a word prints for the host is framed: see vmhelper.c.
KVER=$(uname -r)
MODULES=/lib/modules/$KVER

# run COMMAND...: its status, output, messages and the modules that are loaded afterwards
run() { vmhelper run "$@"; }

# together N COMMAND...: the same command N times at once
together() { vmhelper together "$@"; }

# as_user COMMAND...: without any privilege
as_user() { vmhelper run -u 1000 "$@"; }

# note KEY TEXT...: a fact for the host's assertions
note() { printf '@@note %s %s\n' "$1" "$(shift; printf '%s' "$*")"; }

# load NAME..., unload NAME...: by system call alone, one after the other
load() { for name; do vmhelper sys-load "$MODULES/updates/$name.ko" >/dev/null; done; }
unload() { for name; do vmhelper sys-unload "$name" >/dev/null; done; }

# conf TEXT...: each argument is a line of one modprobe.d file
conf() { printf '%s\n' "$@" >/etc/modprobe.d/test.conf; }

# depmod_conf TEXT...: each argument is a line of one depmod.d file, and all is indexed anew until the scenario ends
depmod_conf() {
	printf '%s\n' "$@" >/etc/depmod.d/test.conf
	mkdir /run/indexes
	cp $MODULES/modules.* /run/indexes
	run depmod
}

# parameter MODULE NAME
parameter() { note "$1.$2" "$(cat "/sys/module/$1/parameters/$2" 2>/dev/null || echo none)"; }

# until_state MODULE STATE: wait for "coming", "live" or "going"
until_state() {
	until [ "$(cat "/sys/module/$1/initstate" 2>/dev/null)" = "$2" ]; do sleep 0.05; done
}

# release MODULE PARAMETER: let its init or exit go on
release() { echo 0 >"/sys/module/$1/parameters/$2"; }

# scenario NAME: what follows belongs to it; the kernel's log is told as well
scenario() {
	printf '@@scenario %s\n' "$1"
	echo "@@scenario $1" >/dev/kmsg
}

# Back to how the guest was before.
reset() {
	unset MODPROBE_OPTIONS
	cd /
	[ ! -d /run/indexes ] || { cp /run/indexes/* $MODULES; rm -r /run/indexes; }
	vmhelper reset
}
