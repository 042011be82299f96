/*
 * Nearly every tile is a little smaller than what its publisher sends (426×240 in a tile of 416×234), and at such factors libyuv
 * takes two pixels per step in each row. Here a row is first mixed of two, then eight pixels of it are picked and weighted with three
 * instructions; which pixels and weights, is the same in every row and kept from picture to picture.
 *
 * Positions are those of libyuv and of every scaler that keeps the middle in the middle: pixel x is taken from
 * (x + 0.5) × from ÷ to − 0.5, clamped to the picture. Weights have 7 bits.
 */
#include "between.h"
#include <string.h>

#if defined(__x86_64__)
#include <tmmintrin.h>

/* Pictures of one size come in luma and chroma width, and a canvas shows few sizes at a time. */
#define COLUMN_SETS 8
#define ONE 128

typedef struct {
  gint from, to;
  guint64 used;
  gint runs;
  gint *first;                  /* per run: where its 16 source pixels begin */
  guint8 *pick, *weight;        /* 16 bytes per run */
} Columns;

struct BetweenColumns {
  Columns sets[COLUMN_SETS];
  guint64 clock;
};

/* Left (upper) neighbour of new pixel `at` and the weight of the right (lower) one, 0…128. */
static gint
neighbour (gint at, gint from, gint to, gint * weight)
{
  gint64 place = ((2 * (gint64) at + 1) * from - to) * ONE / (2 * to);
  gint left;
  if (place <= 0) {
    *weight = 0;
    return 0;
  }
  left = (gint) (place / ONE);
  *weight = (gint) (place % ONE);
  if (left >= from - 1) {
    *weight = 0;
    return from - 1;
  }
  return left;
}

static void
free_columns (Columns * c)
{
  g_free (c->first);
  g_free (c->pick);
  g_free (c->weight);
  memset (c, 0, sizeof *c);
}

static void
make_columns (Columns * c, gint from, gint to)
{
  gint run, i;
  free_columns (c);
  c->from = from;
  c->to = to;
  c->runs = (to + BETWEEN_RUN - 1) / BETWEEN_RUN;
  c->first = g_new (gint, c->runs);
  c->pick = g_malloc ((gsize) c->runs * 16);
  c->weight = g_malloc ((gsize) c->runs * 16);
  for (run = 0; run < c->runs; run++) {
    gint begin = MIN (run * BETWEEN_RUN, to - BETWEEN_RUN), ignored, first = MIN (neighbour (begin, from, to, &ignored), from - 16);
    c->first[run] = first;
    for (i = 0; i < BETWEEN_RUN; i++) {
      gint weight, left = neighbour (begin + i, from, to, &weight) - first;
      gsize at = (gsize) run * 16 + 2 * (gsize) i;
      /* weights are signed bytes: the whole of one pixel is twice its half */
      c->pick[at] = (guint8) left;
      c->pick[at + 1] = (guint8) (weight > 0 ? left + 1 : left);
      c->weight[at] = (guint8) (weight > 0 ? ONE - weight : ONE / 2);
      c->weight[at + 1] = (guint8) (weight > 0 ? weight : ONE / 2);
    }
  }
}

static const Columns *
columns_for (BetweenSpace * space, gint from, gint to)
{
  struct BetweenColumns *all = space->columns;
  Columns *oldest;
  gint i;
  if (!all)
    all = space->columns = g_new0 (struct BetweenColumns, 1);
  oldest = &all->sets[0];
  for (i = 0; i < COLUMN_SETS; i++) {
    Columns *c = &all->sets[i];
    if (c->from == from && c->to == to) {
      c->used = ++all->clock;
      return c;
    }
    if (c->used < oldest->used)
      oldest = c;
  }
  make_columns (oldest, from, to);
  oldest->used = ++all->clock;
  return oldest;
}

gboolean
between_fits (gint src_width, gint src_height, gint width, gint height)
{
  /* eight new pixels then come from 16 old ones: 7 × 2 + 2 */
  if ((src_width == 2 * width && src_height == 2 * height) || (src_width == width && src_height == height))
    return FALSE;               /* libyuv has these by themselves */
  return src_width <= 2 * width && src_height <= 2 * height && src_width >= 16 && width >= BETWEEN_RUN && __builtin_cpu_supports ("ssse3");
}

static void
mix_rows (guint8 * restrict to, const guint8 * restrict a, const guint8 * restrict b, gint width, gint weight)
{
  guint16 of_b = (guint16) weight, of_a = (guint16) (ONE - weight);
  gint x;
  for (x = 0; x < width; x++)
    to[x] = (guint8) ((guint16) (a[x] * of_a + b[x] * of_b + ONE / 2) >> 7);
}

__attribute__ ((target ("ssse3")))
static void
pick_row (guint8 * to, const guint8 * row, const Columns * c)
{
  const __m128i half = _mm_set1_epi16 (ONE / 2);
  gint run;
  for (run = 0; run < c->runs; run++) {
    __m128i from = _mm_loadu_si128 ((const __m128i *) (row + c->first[run]));
    __m128i pairs = _mm_shuffle_epi8 (from, _mm_loadu_si128 ((const __m128i *) (c->pick + (gsize) run * 16)));
    __m128i sums = _mm_maddubs_epi16 (pairs, _mm_loadu_si128 ((const __m128i *) (c->weight + (gsize) run * 16)));
    __m128i mixed = _mm_srli_epi16 (_mm_add_epi16 (sums, half), 7);
    /* the last run overlaps the one before it, so that nothing is written behind the row */
    _mm_storel_epi64 ((__m128i *) (to + MIN (run * BETWEEN_RUN, c->to - BETWEEN_RUN)), _mm_packus_epi16 (mixed, mixed));
  }
}

void
between_plane (const guint8 * src, gint src_stride, gint src_width, gint src_height, guint8 * dst, gint dst_stride, gint width, gint height,
    BetweenSpace * space)
{
  const Columns *columns = columns_for (space, src_width, width);
  gint y;
  if (space->row_allocated < (gsize) src_width) {
    g_free (space->row);
    space->row = g_malloc ((gsize) src_width);
    space->row_allocated = (gsize) src_width;
  }
  for (y = 0; y < height; y++, dst += dst_stride) {
    gint weight, upper = neighbour (y, src_height, height, &weight);
    const guint8 *row = src + (gsize) upper * src_stride;
    if (weight > 0) {
      mix_rows (space->row, row, row + src_stride, src_width, weight);
      row = space->row;
    }
    if (src_width == width)
      memcpy (dst, row, (gsize) width);
    else
      pick_row (dst, row, columns);
  }
}

void
between_clear (BetweenSpace * space)
{
  gint i;
  if (space->columns)
    for (i = 0; i < COLUMN_SETS; i++)
      free_columns (&space->columns->sets[i]);
  g_free (space->columns);
  g_free (space->row);
  memset (space, 0, sizeof *space);
}

#else /* libyuv does it on other machines */

gboolean
between_fits (gint src_width, gint src_height, gint width, gint height)
{
  (void) src_width, (void) src_height, (void) width, (void) height;
  return FALSE;
}

void
between_plane (const guint8 * src, gint src_stride, gint src_width, gint src_height, guint8 * dst, gint dst_stride, gint width, gint height,
    BetweenSpace * space)
{
  (void) src, (void) src_stride, (void) src_width, (void) src_height, (void) dst, (void) dst_stride, (void) width, (void) height, (void) space;
}

void
between_clear (BetweenSpace * space)
{
  memset (space, 0, sizeof *space);
}
#endif
