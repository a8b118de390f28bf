#!/usr/bin/env bash
# Runs a command in an image's file tree, like a container engine: as PID 1 of a process namespace, as the given user,
# on a read-only file system, and unable to gain privileges. For machines without an engine; needs root.
#
# Usage: contain.sh [--writable] UID TREE COMMAND...
set -euo pipefail

access=ro
if [ "$1" = --writable ]; then
  access=rw
  shift
fi

# shellcheck disable=SC2016
exec setpriv --no-new-privs unshare --mount --pid --fork --kill-child -- bash -c '
  set -euo pipefail
  access=$1 uid=$2 tree=$3
  shift 3
  for file in hosts resolv.conf; do
    [ -e "$tree/etc/$file" ] || : >"$tree/etc/$file"
  done
  mount --bind "$tree" "$tree"
  mount -o "remount,bind,nosuid,$access" "$tree"
  mount --rbind /dev "$tree/dev"
  mount -t proc proc "$tree/proc"
  for file in hosts resolv.conf; do
    mount --bind "/etc/$file" "$tree/etc/$file"
  done
  exec unshare --root "$tree" --wd /app --setgid "$uid" --setuid "$uid" -- "$@"
' contain "$access" "$@"
