#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Modules that the image needs although modules.dep can't say so: answers of hard dependencies where one of
# several will do, and what a module asks the kernel for by itself. See modsure-image(7).

# called by dracut
check() {
    [[ $(type -P modsure) ]]
}

# called by dracut
depends() {
    return 0
}

# called by dracut
installkernel() {
    local _before='' _missing
    local -a _base=()

    # shellcheck disable=SC2154
    [[ -e $srcmods/modules.modsure.bin ]] || return 0
    case ${srcmods%/} in
        /lib/modules/"$kernel") ;;
        */lib/modules/"$kernel") _base=(-b "${srcmods%/lib/modules/*}") ;;
        *)
            dwarn "modsure: $srcmods does not end in lib/modules/$kernel: what its modules need is not looked for"
            return 0
            ;;
    esac

    # Dracut does the same, but only when all its modules had their turn: what these need would not be seen.
    # shellcheck disable=SC2086 disable=SC2154
    hostonly='' instmods -s $drivers $add_drivers $force_drivers $filesystems < /dev/null

    # What is added may need more. What cannot be added is named again: then that is all.
    while :; do
        if ! _missing=$(modsure_chosen | modsure harddep image -k "$kernel" "${_base[@]}" --stdin); then
            dwarn "modsure: modules that others need may be missing from the image"
            return 0
        fi
        [[ $_missing && $_missing != "$_before" ]] || return 0
        # shellcheck disable=SC2086
        hostonly='' instmods -c $_missing
        _before=$_missing
    done
}

# Names of the modules that are in the image so far
modsure_chosen() {
    # shellcheck disable=SC2154
    [[ -d $initdir/lib/modules/$kernel ]] || return 0
    find "$initdir/lib/modules/$kernel/" -name '*.ko*' ! -type d -printf '%f\n' | sed 's/\.ko.*//'
}
