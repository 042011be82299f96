/* Work on pixels: scaling, turning, copying and blending of I420 pictures, BT.601 limited range. */
#pragma once
#include <glib.h>
#include "between.h"
#include "shrink.h"

/* Bytes after a picture's last one that may be read (libyuv's filters look one pixel ahead). In a ring the trailer stands there. */
#define PAINT_PADDING 64

typedef struct {
  gint x, y, width, height;
} Box;

typedef struct {
  guint8 y, u, v;
} Colour;

/* What is painted on: even width and height. */
typedef struct {
  guint8 *plane[3];
  gint stride[3];
  gint width, height;
} Surface;

/* A picture to scale from; any size from 1×1. Shown turned clockwise by `rotation` degrees. */
typedef struct {
  const guint8 *plane[3];
  gint stride[3];
  gint width, height, rotation;
} Source;

/* A scaled picture, even size, tightly packed; its memory is kept and used again. */
typedef struct {
  guint8 *data;
  gsize allocated;
  gint width, height;
} Tile;

/* What scaling needs besides; kept between pictures. */
typedef struct {
  Tile turned;
  ShrinkSpace shrink;
  BetweenSpace between;
} Workspace;

/* A tightly packed I420 picture. */
void source_packed (Source * source, const guint8 * pixels, gint width, gint height, gint rotation);
void tile_source (const Tile * tile, Source * source);
void tile_clear (Tile * tile);
void workspace_clear (Workspace * space);

/* Where the whole of a picture goes inside width×height: centred, even. */
void paint_contain_box (const Source * source, gint width, gint height, Box * inside);
/* Scales the middle part of `source` that has the shape of width×height (even), then turns it. `sharp`: small letters stay readable. */
void paint_scale (const Source * source, gint width, gint height, gboolean sharp, Tile * out, Workspace * space);

Colour paint_colour (guint8 r, guint8 g, guint8 b);
/* Alpha here and below: 0…256. Boxes are even and may reach over the edges. */
void paint_fill (Surface * on, const Box * box, Colour colour, guint alpha);
void paint_tile (Surface * on, const Tile * tile, gint x, gint y, guint alpha);
/* Inside the edge of `box`. */
void paint_border (Surface * on, const Box * box, gint thickness, Colour colour, guint alpha);
/* dst = src over dst by `cover` (0…255 per pixel) and alpha. */
void paint_blend_row (guint8 * dst, const guint8 * src, const guint8 * cover, gint length, guint alpha);

static inline gint
even_down (gint v)
{
  return v & ~1;
}
