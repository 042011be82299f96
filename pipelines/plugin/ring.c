/*
 * The frame ring's reader. Pixels are used where they lie, through a read-only mapping. The small fields are read with pread:
 * a slot that was never written is a hole in the file, and touching a hole of a full /dev/shm through a mapping is a SIGBUS,
 * while pread gives zeros. Pixels are touched only after both sequence numbers say that they have been written.
 */
#include "ring.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x47525354u
#define VERSION 1u
#define HEADER_BYTES 64
#define SLOT_HEADER_BYTES 64
#define TRAILER_BYTES 8
#define MAX_SLOTS 64
#define PREFIX "/dev/shm/tessera-"

static gboolean
read_at (const Ring * ring, gsize at, void *to, gsize bytes)
{
  return pread (ring->fd, to, bytes, (off_t) at) == (gssize) bytes;
}

static guint32
u32 (const guint8 * at)
{
  guint32 v;
  memcpy (&v, at, sizeof v);
  return GUINT32_FROM_LE (v);
}

static guint64
u64 (const guint8 * at)
{
  guint64 v;
  memcpy (&v, at, sizeof v);
  return GUINT64_FROM_LE (v);
}

gboolean
ring_path_allowed (const gchar * path)
{
  const gchar *at;
  if (!path || !g_str_has_prefix (path, PREFIX) || strlen (path) >= RING_PATH_MAX)
    return FALSE;
  at = path + strlen (PREFIX);
  if (!*at)
    return FALSE;
  for (; *at; at++)
    if (!g_ascii_isalnum (*at) && *at != '_' && *at != '-')
      return FALSE;
  return TRUE;
}

gboolean
ring_is_open (const Ring * ring)
{
  return ring->map != NULL;
}

void
ring_close (Ring * ring)
{
  if (!ring->map)
    return;
  munmap ((void *) ring->map, ring->size);
  close (ring->fd);
  ring->map = NULL;
}

gboolean
ring_open (Ring * ring, const gchar * path)
{
  guint8 header[HEADER_BYTES];
  struct stat about;
  void *map;
  guint64 size;
  ring_close (ring);
  if (!ring_path_allowed (path))
    return FALSE;
  ring->fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (ring->fd < 0)
    return FALSE;
  if (fstat (ring->fd, &about) < 0 || !S_ISREG (about.st_mode) || !read_at (ring, 0, header, sizeof header))
    goto no_ring;
  ring->slots = u32 (header + 8);
  ring->slot_bytes = u32 (header + 12);
  size = HEADER_BYTES + (guint64) ring->slots * ring->slot_bytes;
  if (u32 (header) != MAGIC || u32 (header + 4) != VERSION || ring->slots < 1 || ring->slots > MAX_SLOTS
      || ring->slot_bytes < SLOT_HEADER_BYTES + TRAILER_BYTES || ring->slot_bytes % 64 != 0 || (guint64) about.st_size < size)
    goto no_ring;
  ring->size = (gsize) size;
  map = mmap (NULL, ring->size, PROT_READ, MAP_SHARED, ring->fd, 0);
  if (map == MAP_FAILED)
    goto no_ring;
  ring->map = map;
  return TRUE;
no_ring:
  close (ring->fd);
  return FALSE;
}

guint64
ring_newest (const Ring * ring)
{
  guint8 field[8];
  return read_at (ring, 24, field, sizeof field) ? u64 (field) : 0;
}

static gsize
slot_at (const Ring * ring, guint64 sequence)
{
  return HEADER_BYTES + (gsize) (sequence % ring->slots) * ring->slot_bytes;
}

gboolean
ring_look (const Ring * ring, guint64 sequence, RingFrame * frame)
{
  gsize at = slot_at (ring, sequence);
  guint8 head[SLOT_HEADER_BYTES], tail[TRAILER_BYTES];
  struct stat about;
  guint32 width, height, rotation;
  guint64 bytes;
  if (sequence == 0 || !read_at (ring, at, head, sizeof head) || u64 (head) != sequence
      || !read_at (ring, at + ring->slot_bytes - TRAILER_BYTES, tail, sizeof tail) || u64 (tail) != sequence)
    return FALSE;
  width = u32 (head + 8);
  height = u32 (head + 12);
  rotation = u32 (head + 16);
  if (width < 1 || width > RING_MAX_SIDE || height < 1 || height > RING_MAX_SIDE || rotation % 90 != 0 || rotation > 270)
    return FALSE;
  bytes = (guint64) width *height + 2 * (guint64) ((width + 1) / 2) * ((height + 1) / 2);
  if (bytes != u32 (head + 20) || bytes > ring->slot_bytes - SLOT_HEADER_BYTES - TRAILER_BYTES)
    return FALSE;
  /* cut short since it was mapped: touching what is gone would be a SIGBUS */
  if (fstat (ring->fd, &about) < 0 || (guint64) about.st_size < ring->size)
    return FALSE;
  __atomic_thread_fence (__ATOMIC_ACQUIRE);
  frame->sequence = sequence;
  frame->width = (gint) width;
  frame->height = (gint) height;
  frame->rotation = (gint) rotation;
  frame->pts_ns = u64 (head + 24);
  frame->pixels = ring->map + at + SLOT_HEADER_BYTES;
  return TRUE;
}

gboolean
ring_unchanged (const Ring * ring, guint64 sequence)
{
  gsize at = slot_at (ring, sequence);
  guint8 field[8];
  __atomic_thread_fence (__ATOMIC_ACQUIRE);
  /* the writer sets the first number before it touches the pixels */
  return read_at (ring, at, field, sizeof field) && u64 (field) == sequence;
}
