#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Modules that the image needs although modules.dep can't say so: answers of hard dependencies where one of
# several will do, and what a module asks the kernel for by itself. See modsure-image(7).

# called by dracut
check() {
    [[ $(modsure_program) ]]
}

# called by dracut
depends() {
    return 0
}

# called by dracut
installkernel() {
    local _before='' _missing
    local -a _base=() _names

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
        if ! _missing=$(modsure_chosen | "$(modsure_program)" harddep image -k "$kernel" "${_base[@]}" --stdin); then
            dwarn "modsure: modules that others need may be missing from the image"
            return 0
        fi
        [[ $_missing && $_missing != "$_before" ]] || return 0
        # A name may look like a pattern.
        mapfile -t _names <<< "$_missing"
        hostonly='' instmods -c "${_names[@]}"
        _before=$_missing
    done
}

# called by dracut
install() {
    local _file _rules

    # Where this machine's configuration is left out, because the image is for any machine, its rules about what
    # modules need go along all the same: modules that were added for them would not be loaded.
    for _file in "$dracutsysrootdir"/etc/modprobe.d/*.conf; do
        [[ -f $_file && ! -e $initdir/${_file#"$dracutsysrootdir"} ]] || continue
        _rules=$(modsure_rules "$_file")
        [[ $_rules ]] || continue
        mkdir -p "$initdir/etc/modprobe.d"
        # Another name: it must not stand for a file of /usr/lib that is in the image.
        _file=${_file##*/}
        printf '%s\n' "$_rules" > "$initdir/etc/modprobe.d/${_file%.conf}-modsure.conf"
    done
}

# Lines of a file of modprobe.d that only modsure knows
modsure_rules() {
    sed -n -e ':next' -e '/\\$/{$!{N;b next' -e '}' -e '}' \
        -e '/^[[:blank:]]*\(harddep!\{0,1\}\|conflict\)[[:blank:]]/p' "$1"
}

# Dracut does not look in /usr/local.
modsure_program() {
    local PATH=$PATH:/usr/local/bin

    type -P modsure
}

# Files of the modules that are in the image so far
modsure_chosen() {
    # shellcheck disable=SC2154
    [[ -d $initdir/lib/modules/$kernel ]] || return 0
    find "$initdir/lib/modules/$kernel/" -name '*.ko*' ! -type d -printf '%f\n'
}
