/* Makes a plane smaller by the mean of what each new pixel covers: text stays readable at factors between 1 and 2 too. */
#pragma once
#include <glib.h>

/* Kept between pictures, so that nothing is allocated for each. */
typedef struct {
  guint16 *sums;
  gsize sums_allocated;
  guint16 *first, *weights;
  gsize columns_allocated;
} ShrinkSpace;

/* Source at least as large as the result in both directions, at most 4 times: SHRINK_MAX. */
#define SHRINK_MAX 4
void shrink_plane (const guint8 * src, gint src_stride, gint src_width, gint src_height, guint8 * dst, gint dst_stride, gint width,
    gint height, ShrinkSpace * space);
void shrink_clear (ShrinkSpace * space);
