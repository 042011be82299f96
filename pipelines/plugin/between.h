/* Scales a plane by two neighbours in each direction (bilinear), for factors up to 2: what libyuv does there, in a quarter of its time. */
#pragma once
#include <glib.h>

/* Pixels that are made at once. */
#define BETWEEN_RUN 8

/* Kept between pictures; the columns also between pictures of the same two widths. */
typedef struct {
  guint8 *row;
  gsize row_allocated;
  struct BetweenColumns *columns;
} BetweenSpace;

/* This machine can, and the sizes are such: smaller by 2 at most, or larger; at least 16 columns on both sides. */
gboolean between_fits (gint src_width, gint src_height, gint width, gint height);
void between_plane (const guint8 * src, gint src_stride, gint src_width, gint src_height, guint8 * dst, gint dst_stride, gint width,
    gint height, BetweenSpace * space);
void between_clear (BetweenSpace * space);
