#!/usr/bin/env bash
# Builds a substitute for the node:24-bookworm-slim image on a machine that can't pull it: Debian from debootstrap, and
# Node.js and npm from their npm packages. Writes the file tree to DIRECTORY. Needs root.
#
# Usage: docker/verify/substitute-base.sh DIRECTORY
set -euo pipefail

NODE_VERSION=24
NPM_VERSION=11
root=$1
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT

debootstrap --variant=minbase bookworm "$root" >"$packages/log" 2>&1 || {
  tail -20 "$packages/log"
  exit 1
}
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,locale,man}/*

(cd "$packages" && npm init -y && npm install --no-save "node@$NODE_VERSION" "npm@$NPM_VERSION") >"$packages/log" 2>&1 || {
  tail -20 "$packages/log"
  exit 1
}
mkdir -p "$root/usr/local/lib/node_modules"
cp "$packages/node_modules/node/bin/node" "$root/usr/local/bin/node"
cp -r "$packages/node_modules/npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
