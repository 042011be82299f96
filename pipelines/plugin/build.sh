#!/bin/sh
# Builds our GStreamer plugin into build/gst-plugins. Does nothing when the library is newer than its source.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out="$root/build/gst-plugins"
lib="$out/libgsttessera.so"
if [ -f "$lib" ] && [ "$lib" -nt "$here/tessera.c" ] && [ "$lib" -nt "$here/build.sh" ]; then exit 0; fi
for tool in cc pkg-config; do
  command -v "$tool" >/dev/null || { echo "pipelines/plugin/build.sh: $tool is missing; install gcc and pkg-config" >&2; exit 1; }
done
pkg-config --exists gstreamer-video-1.0 gstreamer-base-1.0 || {
  echo "pipelines/plugin/build.sh: GStreamer headers are missing; install libgstreamer-plugins-base1.0-dev" >&2
  exit 1
}
mkdir -p "$out"
# built beside and moved: a mixer that starts meanwhile never sees half a library
temporary="$lib.$$"
# shellcheck disable=SC2046
cc -O2 -Wall -Wextra -fPIC -shared -o "$temporary" "$here/tessera.c" $(pkg-config --cflags --libs gstreamer-1.0 gstreamer-base-1.0 gstreamer-video-1.0)
mv "$temporary" "$lib"
