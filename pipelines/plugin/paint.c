#include "paint.h"
#include <libyuv.h>
#include <string.h>

static gsize
tile_bytes (gint width, gint height)
{
  return (gsize) width * height * 3 / 2;
}

static void
tile_reserve (Tile * tile, gint width, gint height)
{
  gsize bytes = tile_bytes (width, height);
  if (tile->allocated < bytes) {
    g_free (tile->data);
    tile->data = g_malloc (bytes + PAINT_PADDING);
    tile->allocated = bytes;
  }
  tile->width = width;
  tile->height = height;
}

void
tile_clear (Tile * tile)
{
  g_free (tile->data);
  memset (tile, 0, sizeof *tile);
}

void
workspace_clear (Workspace * space)
{
  tile_clear (&space->turned);
  shrink_clear (&space->shrink);
  between_clear (&space->between);
}

static guint8 *
tile_plane (const Tile * tile, gint plane)
{
  gsize luma = (gsize) tile->width * tile->height;
  return tile->data + (plane == 0 ? 0 : plane == 1 ? luma : luma + luma / 4);
}

void
source_packed (Source * source, const guint8 * pixels, gint width, gint height, gint rotation)
{
  gint chroma_width = (width + 1) / 2, chroma_height = (height + 1) / 2;
  source->plane[0] = pixels;
  source->plane[1] = pixels + (gsize) width *height;
  source->plane[2] = source->plane[1] + (gsize) chroma_width *chroma_height;
  source->stride[0] = width;
  source->stride[1] = source->stride[2] = chroma_width;
  source->width = width;
  source->height = height;
  source->rotation = rotation;
}

void
tile_source (const Tile * tile, Source * source)
{
  source_packed (source, tile->data, tile->width, tile->height, 0);
}

static gint
nearest_even (gdouble v)
{
  return 2 * (gint) (v / 2.0 + 0.5);
}

void
paint_contain_box (const Source * source, gint width, gint height, Box * inside)
{
  gboolean turned = source->rotation == 90 || source->rotation == 270;
  gdouble w = turned ? source->height : source->width, h = turned ? source->width : source->height;
  gdouble scale = MIN (width / w, height / h);
  inside->width = CLAMP (nearest_even (w * scale), 2, width);
  inside->height = CLAMP (nearest_even (h * scale), 2, height);
  inside->x = even_down ((width - inside->width) / 2);
  inside->y = even_down ((height - inside->height) / 2);
}

/* The middle of `source` that has the shape width:height; offsets stay even because of chroma. Shapes within 1 % are the same. */
static void
cover_crop (const Source * source, gint width, gint height, Box * crop)
{
  gdouble wanted = (gdouble) width / height, shape = (gdouble) source->width / source->height;
  *crop = (Box) { 0, 0, source->width, source->height };
  if (shape > wanted * 1.01)
    crop->width = CLAMP ((gint) (source->height * wanted + 0.5), 1, source->width);
  else if (shape < wanted / 1.01)
    crop->height = CLAMP ((gint) (source->width / wanted + 0.5), 1, source->height);
  crop->x = even_down ((source->width - crop->width) / 2);
  crop->y = even_down ((source->height - crop->height) / 2);
}

/* Where libyuv's filters lose small letters; at exactly 2 it takes the mean itself. */
static gboolean
to_be_shrunk (gint from_width, gint from_height, gint width, gint height)
{
  return from_width >= width && from_height >= height && from_width <= SHRINK_MAX * width && from_height <= SHRINK_MAX * height
      && !(from_width == width && from_height == height) && !(from_width == 2 * width && from_height == 2 * height);
}

void
paint_scale (const Source * source, gint width, gint height, gboolean sharp, Tile * out, Workspace * space)
{
  gboolean turned = source->rotation == 90 || source->rotation == 270;
  gint to_width = turned ? height : width, to_height = turned ? width : height, i;
  Tile *to = source->rotation == 0 ? out : &space->turned;
  Box crop;
  cover_crop (source, to_width, to_height, &crop);
  tile_reserve (to, to_width, to_height);
  for (i = 0; i < 3; i++) {
    gint part = i == 0 ? 1 : 2, from_width = (crop.width + part - 1) / part, from_height = (crop.height + part - 1) / part;
    const guint8 *from = source->plane[i] + (gsize) (crop.y / part) * source->stride[i] + crop.x / part;
    if (sharp && i == 0 && to_be_shrunk (from_width, from_height, to_width, to_height))
      shrink_plane (from, source->stride[i], from_width, from_height, tile_plane (to, i), to_width, to_width, to_height, &space->shrink);
    else if (between_fits (from_width, from_height, to_width / part, to_height / part))
      between_plane (from, source->stride[i], from_width, from_height, tile_plane (to, i), to_width / part, to_width / part, to_height / part,
          &space->between);
    else
      /* libyuv takes bilinear by itself where the picture shrinks by less than 2 */
      ScalePlane (from, source->stride[i], from_width, from_height, tile_plane (to, i), to_width / part, to_width / part, to_height / part,
          kFilterBox);
  }
  if (to == out)
    return;
  tile_reserve (out, width, height);
  for (i = 0; i < 3; i++) {
    gint part = i == 0 ? 1 : 2;
    RotatePlane (tile_plane (to, i), to_width / part, tile_plane (out, i), width / part, to_width / part, to_height / part,
        (enum RotationMode) source->rotation);
  }
}

Colour
paint_colour (guint8 r, guint8 g, guint8 b)
{
  return (Colour) {
    (guint8) (((66 * r + 129 * g + 25 * b + 128) >> 8) + 16),
    (guint8) (((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128), (guint8) (((112 * r - 94 * g - 18 * b + 128) >> 8) + 128)};
}

static gboolean
clip (const Surface * on, const Box * box, Box * inside)
{
  gint right = MIN (box->x + box->width, on->width), bottom = MIN (box->y + box->height, on->height);
  inside->x = MAX (0, box->x);
  inside->y = MAX (0, box->y);
  inside->width = right - inside->x;
  inside->height = bottom - inside->y;
  return inside->width > 0 && inside->height > 0;
}

static guint8 *
at (const Surface * on, gint plane, gint x, gint y)
{
  gint part = plane == 0 ? 1 : 2;
  return on->plane[plane] + (gsize) (y / part) * on->stride[plane] + x / part;
}

void
paint_fill (Surface * on, const Box * box, Colour colour, guint alpha)
{
  guint8 value[3] = { colour.y, colour.u, colour.v };
  Box in;
  gint i, x, y;
  if (alpha == 0 || !clip (on, box, &in))
    return;
  for (i = 0; i < 3; i++) {
    gint part = i == 0 ? 1 : 2, width = in.width / part, height = in.height / part;
    guint8 *row = at (on, i, in.x, in.y);
    if (alpha >= 256) {
      SetPlane (row, on->stride[i], width, height, value[i]);
      continue;
    }
    for (y = 0; y < height; y++, row += on->stride[i])
      for (x = 0; x < width; x++)
        row[x] = (guint8) ((guint16) (row[x] * (256 - alpha) + value[i] * alpha + 128) >> 8);
  }
}

void
paint_tile (Surface * on, const Tile * tile, gint left, gint top, guint alpha)
{
  Box box = { left, top, tile->width, tile->height }, in;
  gint i, x, y;
  if (alpha == 0 || !clip (on, &box, &in))
    return;
  for (i = 0; i < 3; i++) {
    gint part = i == 0 ? 1 : 2, width = in.width / part, height = in.height / part, stride = tile->width / part;
    const guint8 *from = tile_plane (tile, i) + (gsize) ((in.y - top) / part) * stride + (in.x - left) / part;
    guint8 *row = at (on, i, in.x, in.y);
    if (alpha >= 256) {
      CopyPlane (from, stride, row, on->stride[i], width, height);
      continue;
    }
    for (y = 0; y < height; y++, row += on->stride[i], from += stride)
      for (x = 0; x < width; x++)
        row[x] = (guint8) ((guint16) (row[x] * (256 - alpha) + from[x] * alpha + 128) >> 8);
  }
}

void
paint_border (Surface * on, const Box * box, gint thickness, Colour colour, guint alpha)
{
  gint t = MIN (thickness, MIN (box->width, box->height) / 4 * 2);
  Box side[4];
  gint i;
  if (t < 2)
    return;
  side[0] = (Box) { box->x, box->y, box->width, t };
  side[1] = (Box) { box->x, box->y + box->height - t, box->width, t };
  side[2] = (Box) { box->x, box->y + t, t, box->height - 2 * t };
  side[3] = (Box) { box->x + box->width - t, box->y + t, t, box->height - 2 * t };
  for (i = 0; i < 4; i++)
    paint_fill (on, &side[i], colour, alpha);
}

void
paint_blend_row (guint8 * dst, const guint8 * src, const guint8 * cover, gint length, guint alpha)
{
  gint i;
  if (alpha >= 256) {
    BlendPlane (src, 0, dst, 0, cover, 0, dst, 0, length, 1);
    return;
  }
  for (i = 0; i < length; i++) {
    guint16 a = (guint16) (cover[i] * alpha) >> 8;
    guint16 sum = (guint16) (dst[i] * (255 - a) + src[i] * a + 128);
    dst[i] = (guint8) ((guint16) (sum + (sum >> 8)) >> 8);
  }
}
