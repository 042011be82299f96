#!/bin/sh
# Builds our GStreamer plugin into build/gst-plugins. Does nothing when the library is newer than its sources and their folder (a file
# that went or got another name).
# CFLAGS from outside come last: CFLAGS='-g -fsanitize=address,undefined' OUT=/somewhere pipelines/plugin/build.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out="${OUT:-$root/build/gst-plugins}"
lib="$out/libgsttessera.so"
if [ -f "$lib" ] && [ -z "$(find "$here" -newer "$lib" \( -name '*.[ch]' -o -name build.sh -o -type d \) -print -quit)" ]; then exit 0; fi
for tool in cc pkg-config; do
  command -v "$tool" >/dev/null || { echo "pipelines/plugin/build.sh: $tool is missing; install gcc and pkg-config" >&2; exit 1; }
done
pkg-config --exists gstreamer-video-1.0 gstreamer-base-1.0 || {
  echo "pipelines/plugin/build.sh: GStreamer headers are missing; install libgstreamer-plugins-base1.0-dev" >&2
  exit 1
}
echo '#include <libyuv.h>' | cc -E -x c - >/dev/null 2>&1 || {
  echo "pipelines/plugin/build.sh: libyuv's headers are missing; install libyuv-dev" >&2
  exit 1
}
mkdir -p "$out"
# built beside and moved: a mixer that starts meanwhile never sees half a library
temporary="$lib.$$"
# the loops of paint.c are written to be vectorised; plain -O2 does so only where the length is known
# shellcheck disable=SC2046,SC2086
cc -O2 -ftree-vectorize -fvect-cost-model=dynamic -Wall -Wextra -fPIC -shared -o "$temporary" "$here"/*.c \
  $(pkg-config --cflags --libs gstreamer-1.0 gstreamer-base-1.0 gstreamer-video-1.0) -lyuv ${CFLAGS:-}
mv "$temporary" "$lib"
