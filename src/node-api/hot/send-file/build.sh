#!/bin/sh
# Builds send-file.c into dist/native/send-file.node, with the headers that came with Node or that node-gyp fetched for the
# GStreamer binding. Node-API is the same in all versions of Node, so one that is updated needs no new build.
# OUT=/somewhere builds into another folder; CFLAGS from outside come last.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out="${OUT:-$here/../../../../dist/native}"
command -v cc >/dev/null || { echo "${0##*/}: cc is missing; install gcc" >&2; exit 1; }
version=$(node -p process.versions.node)
prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
for headers in "$prefix/include/node" /usr/include/node "${XDG_CACHE_HOME:-${HOME:-}/.cache}/node-gyp/$version/include/node"; do
  [ -f "$headers/node_api.h" ] && break
  headers=
done
[ -n "$headers" ] || { echo "${0##*/}: Node's headers (node_api.h) were not found" >&2; exit 1; }
mkdir -p "$out"
# built beside and moved: a process that starts meanwhile never sees half a library
temporary="$out/send-file.node.$$"
# shellcheck disable=SC2086
cc -O2 -Wall -Wextra -fPIC -shared -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I"$headers" -o "$temporary" "$here/send-file.c" ${CFLAGS:-}
mv "$temporary" "$out/send-file.node"
