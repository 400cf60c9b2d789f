#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mounts.sh ROOT CHECKOUT CACHE DIRECTORY COMMAND...
#
# Runs COMMAND in ROOT, in DIRECTORY. To be called inside a private mount name
# space: what is mounted here goes away with the last process in it.
set -eu

root=$1 checkout=$2 cache=$3 directory=$4
shift 4

bind() {
	mkdir -p "$root$1"
	mount --bind "$1" "$root$1"
}

mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
[ ! -e /etc/resolv.conf ] || mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -e /etc/ssl/certs/ca-certificates.crt ] ||
	mount --bind /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

# DMTF's tools, for comparison
[ -z "${SPDM_EMU_BIN:-}" ] || bind "$SPDM_EMU_BIN"

# The cache may lie below the checkout, but not the other way round.
bind "$checkout"
mount -o remount,bind,ro "$root$checkout"
bind "$cache"

exec chroot "$root" /usr/bin/env -C "$directory" "$@"
