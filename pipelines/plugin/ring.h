/* Reads a feed's frame ring in /dev/shm (layout: src/media/frame-ring.ts). Every field of it is checked before it is used. */
#pragma once
#include <glib.h>

#define RING_PATH_MAX 256
#define RING_MAX_SIDE 8192

typedef struct {
  gint fd;
  const guint8 *map;
  gsize size;
  guint32 slots;
  gsize slot_bytes;
} Ring;

typedef struct {
  guint64 sequence;
  gint width, height, rotation;
  guint64 pts_ns;               /* host monotonic */
  const guint8 *pixels;         /* I420, tightly packed; chroma of ⌈w/2⌉×⌈h/2⌉ */
} RingFrame;

/* Only /dev/shm/tessera-[A-Za-z0-9_-]+ */
gboolean ring_path_allowed (const gchar * path);
/* FALSE when the file is missing or is no ring (yet). */
gboolean ring_open (Ring * ring, const gchar * path);
void ring_close (Ring * ring);
gboolean ring_is_open (const Ring * ring);
/* Sequence number of the newest complete frame, 0 when there is none. */
guint64 ring_newest (const Ring * ring);
/* FALSE when that frame is gone, is being written or makes no sense. */
gboolean ring_look (const Ring * ring, guint64 sequence, RingFrame * frame);
/* After the pixels were used: were they that frame's all the time? */
gboolean ring_unchanged (const Ring * ring, guint64 sequence);
