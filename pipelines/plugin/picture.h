/* Pictures that the mixer draws and hands over as RGBA: converted once, counted references, never changed. */
#pragma once
#include "paint.h"

#define PICTURE_MAX_SIDE 4096

/* An opaque picture to be scaled into a slot (avatar). */
typedef struct {
  gint references;
  guint serial;                 /* of this one and no other */
  gint width, height;
  guint8 *pixels;               /* I420, tightly packed */
} Still;

typedef struct _Rows Rows;

/* A picture drawn as it is, with alpha. Even size. */
typedef struct {
  gint references;
  gint width, height;
  gboolean opaque;
  guint8 *plane[3];
  guint8 *cover[2];             /* alpha of luma and of chroma */
  Rows *rows[2];
} Picture;

/* `text`: "width height base64" of RGBA, not premultiplied. NULL when it makes no sense. */
Still *still_parse (const gchar * text);
Still *still_ref (Still * still);
void still_unref (Still * still);

/* `opacity` 0…1000 is worked into the picture's own alpha. */
Picture *picture_parse (const gchar * text, gint opacity);
Picture *picture_ref (Picture * picture);
void picture_unref (Picture * picture);
void picture_paint (const Picture * picture, Surface * on, gint x, gint y, const Box * clip, guint alpha);
