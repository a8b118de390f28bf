#!/usr/bin/env bash
# Runs a command in an image's file tree, like a container engine: as PID 1 of a process namespace, as the given user,
# on a read-only file system, and unable to gain privileges. For machines without an engine; needs root.
#
# Usage: contain.sh [--writable | --tmp] UID TREE COMMAND...
#
#   --tmp   only /tmp is writable, and empty
set -euo pipefail

access=ro
tmp=
case $1 in
  --writable) access=rw && shift ;;
  --tmp) tmp=yes && shift ;;
esac

# shellcheck disable=SC2016
exec setpriv --no-new-privs unshare --mount --pid --fork --kill-child -- bash -c '
  set -euo pipefail
  access=$1 tmp=$2 uid=$3 tree=$4
  shift 4
  for file in hosts resolv.conf; do
    [ -e "$tree/etc/$file" ] || : >"$tree/etc/$file"
  done
  mount --bind "$tree" "$tree"
  mount -o "remount,bind,nosuid,$access" "$tree"
  [ -z "$tmp" ] || mount -t tmpfs tmpfs "$tree/tmp"
  mount --rbind /dev "$tree/dev"
  mount -t proc proc "$tree/proc"
  for file in hosts resolv.conf; do
    mount --bind "/etc/$file" "$tree/etc/$file"
  done
  exec unshare --root "$tree" --wd /app --setgid "$uid" --setuid "$uid" -- "$@"
' contain "$access" "$tmp" "$@"
