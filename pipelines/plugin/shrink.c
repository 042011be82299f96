/*
 * libyuv takes two neighbours at factors below 2, and whole pixels above: at 1080p → 1024×576 that loses strokes of small letters
 * (SSIM 0.93 against the mean of the area, 0.86 at 854×480; docs/adr/0009-own-canvas.md).
 */
#include "shrink.h"
#include <string.h>

/* A new pixel touches at most so many old ones. */
#define TAPS (SHRINK_MAX + 1)
#define ROUND_TAPS 8

static void
reserve (ShrinkSpace * space, gint src_width, gint width)
{
  gsize sums = (gsize) src_width + ROUND_TAPS;
  if (space->sums_allocated < sums) {
    g_free (space->sums);
    space->sums = g_new (guint16, sums);
    space->sums_allocated = sums;
  }
  if (space->columns_allocated < (gsize) width) {
    g_free (space->first);
    g_free (space->weights);
    space->first = g_new (guint16, width);
    space->weights = g_new (guint16, (gsize) width * TAPS);
    space->columns_allocated = (gsize) width;
  }
}

void
shrink_clear (ShrinkSpace * space)
{
  g_free (space->sums);
  g_free (space->first);
  g_free (space->weights);
  memset (space, 0, sizeof *space);
}

/* Shares of old pixels in new pixel `at`, in 1/256, 256 in all; returns the first old pixel. */
static gint
shares (gint at, gint from, gint to, guint16 weights[TAPS])
{
  /* in units of 1/to of an old pixel */
  gint64 start = (gint64) at *from, end = start + from, first = start / to;
  gint i, left = 256, largest = 0;
  for (i = 0; i < TAPS; i++) {
    gint64 lower = MAX (start, (first + i) * to), upper = MIN (end, (first + i + 1) * to);
    weights[i] = upper > lower ? (guint16) (((upper - lower) * 256 + from / 2) / from) : 0;
    left -= weights[i];
    if (weights[i] > weights[largest])
      largest = i;
  }
  weights[largest] = (guint16) (weights[largest] + left);
  return (gint) first;
}

void
shrink_plane (const guint8 * src, gint src_stride, gint src_width, gint src_height, guint8 * dst, gint dst_stride, gint width, gint height,
    ShrinkSpace * space)
{
  gint x, y, i;
  gboolean narrow = src_width <= 2 * width;
  reserve (space, src_width, width);
  for (x = 0; x < width; x++)
    space->first[x] = (guint16) shares (x, src_width, width, space->weights + (gsize) x * TAPS);
  memset (space->sums + src_width, 0, ROUND_TAPS * sizeof *space->sums);
  for (y = 0; y < height; y++, dst += dst_stride) {
    guint16 rows[TAPS], *restrict sums = space->sums;
    const guint8 *row = src + (gsize) shares (y, src_height, height, rows) * src_stride;
    for (x = 0; x < src_width; x++)
      sums[x] = (guint16) (row[x] * rows[0]);
    for (i = 1; i < TAPS; i++) {
      guint16 weight = rows[i];
      if (!weight)
        continue;
      row = src + (gsize) (((gint64) y * src_height) / height + i) * src_stride;
      for (x = 0; x < src_width; x++)
        sums[x] = (guint16) (sums[x] + row[x] * weight);
    }
    if (narrow)
      for (x = 0; x < width; x++) {
        const guint16 *s = sums + space->first[x], *w = space->weights + (gsize) x * TAPS;
        dst[x] = (guint8) (((guint32) s[0] * w[0] + (guint32) s[1] * w[1] + (guint32) s[2] * w[2] + 32768) >> 16);
      }
    else
      for (x = 0; x < width; x++) {
        const guint16 *s = sums + space->first[x], *w = space->weights + (gsize) x * TAPS;
        dst[x] = (guint8) (((guint32) s[0] * w[0] + (guint32) s[1] * w[1] + (guint32) s[2] * w[2] + (guint32) s[3] * w[3] + (guint32) s[4] * w[4] + 32768) >> 16);
      }
  }
}
