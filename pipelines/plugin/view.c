#include "view.h"
#include <string.h>

/* A ring that cannot be opened (yet) is tried again so often. */
#define RETRY_NS (G_GINT64_CONSTANT (200) * 1000 * 1000)
/* A camera that was off and comes back must not show what it saw before. */
#define STALE_NS (G_GINT64_CONSTANT (500) * 1000 * 1000)
/* What is shown whole may stand still: of a shared page that nobody scrolls the last picture counts, also for a mixer that starts anew. */
#define STALE_STILL_NS (G_GINT64_CONSTANT (10) * 1000 * 1000 * 1000)

/* Paths end with the feed's number and then the ring's generation: /dev/shm/tessera-…-<feed>-<generation>. */
static gboolean
same_feed (const gchar * a, const gchar * b)
{
  const gchar *end_a = strrchr (a, '-'), *end_b = strrchr (b, '-');
  return end_a && end_b && end_a - a == end_b - b && strncmp (a, b, (gsize) (end_a - a)) == 0;
}

void
view_set_feed (View * view, const gchar * path, gint64 set_ns)
{
  /* a feed whose pictures change their size gets another ring: its last picture stays until the next comes */
  if (!*path || !same_feed (path, view->path)) {
    if (view->content == VIEW_FEED)
      view->content = VIEW_EMPTY;
  }
  if (!*path) {
    /* slots are used in turn, and each may have been as large as the canvas */
    tile_clear (&view->shown);
    tile_clear (&view->spare);
    view->content = VIEW_EMPTY;
  }
  ring_close (&view->ring);
  view->sequence = 0;
  view->retry_ns = 0;
  view->set_ns = set_ns;
  g_strlcpy (view->path, path, RING_PATH_MAX);
}

static void
scale (View * view, const Source * source, gint width, gint height, gboolean contain, Workspace * space, ViewCounts * counts, Box * inside)
{
  *inside = (Box) { 0, 0, width, height };
  if (contain)
    paint_contain_box (source, width, height, inside);
  /* what must not be cropped is a screen */
  paint_scale (source, inside->width, inside->height, contain, &view->spare, space);
  counts->scaled++;
}

/* The spare has become what is shown. */
static void
show (View * view, gint width, gint height, gboolean contain, const Box * inside, ViewContent content)
{
  Tile before = view->shown;
  view->shown = view->spare;
  view->spare = before;
  view->width = width;
  view->height = height;
  view->contain = contain;
  view->inside = *inside;
  view->content = content;
}

/* Shows this picture of the ring, unless it was overwritten meanwhile. */
static gboolean
take (View * view, const RingFrame * frame, gint width, gint height, gboolean contain, Workspace * space, ViewCounts * counts)
{
  Source source;
  Box inside;
  source_packed (&source, frame->pixels, frame->width, frame->height, frame->rotation);
  scale (view, &source, width, height, contain, space, counts, &inside);
  if (!ring_unchanged (&view->ring, frame->sequence)) {
    counts->torn++;
    return FALSE;
  }
  view->sequence = frame->sequence;
  show (view, width, height, contain, &inside, VIEW_FEED);
  return TRUE;
}

/* The newest usable picture of the ring, from the newest back to `oldest`. */
static gboolean
take_from_ring (View * view, guint64 oldest, gint width, gint height, gboolean contain, guint64 before_ns, Workspace * space, ViewCounts * counts)
{
  guint64 newest = ring_newest (&view->ring), first = newest > view->ring.slots ? newest - view->ring.slots + 1 : 1, sequence;
  gint64 not_before = view->set_ns - (contain ? STALE_STILL_NS : STALE_NS);
  RingFrame frame;
  guint i;
  for (sequence = newest; sequence >= MAX (oldest, first) && sequence > 0; sequence--) {
    if (!ring_look (&view->ring, sequence, &frame) || frame.pts_ns >= before_ns)
      continue;
    if (not_before > 0 && frame.pts_ns < (guint64) not_before)
      return FALSE;
    if (take (view, &frame, width, height, contain, space, counts))
      return TRUE;
  }
  /* We are later than the ring is long, or its pictures are stamped further ahead: what was to be seen now is overwritten. Waiting for
   * what is left would be waiting until that is overwritten too: the picture would stand still for as long as we are late. */
  if (first == 1 || view->sequence >= first)
    return FALSE;
  /* not the very first, which is overwritten next */
  for (i = 1; i < view->ring.slots; i++)
    if (ring_look (&view->ring, first + i, &frame) && take (view, &frame, width, height, contain, space, counts))
      return TRUE;
  return FALSE;
}

void
view_update (View * view, gint width, gint height, gboolean contain, const Still * still, guint64 before_ns, gint64 now_ns,
    Workspace * space, ViewCounts * counts)
{
  gboolean resized = view->width != width || view->height != height || view->contain != contain;
  Source source;
  Box inside;
  if (view->path[0] && !ring_is_open (&view->ring) && now_ns >= view->retry_ns) {
    view->retry_ns = now_ns + RETRY_NS;
    ring_open (&view->ring, view->path);
  }
  if (ring_is_open (&view->ring)) {
    gboolean again = resized || view->content != VIEW_FEED;
    guint64 oldest = again ? MAX (view->sequence, 1) : view->sequence + 1;
    if (take_from_ring (view, oldest, width, height, contain, before_ns, space, counts))
      return;
  }
  if (view->content == VIEW_FEED) {
    if (!resized)
      return;
    /* its pixels are gone from the ring: what is shown is scaled once more */
    tile_source (&view->shown, &source);
    scale (view, &source, width, height, contain, space, counts, &inside);
    show (view, width, height, contain, &inside, VIEW_FEED);
    return;
  }
  if (!still) {
    view->content = VIEW_EMPTY;
    return;
  }
  if (view->content == VIEW_STILL && !resized && view->still_serial == still->serial)
    return;
  source_packed (&source, still->pixels, still->width, still->height, 0);
  scale (view, &source, width, height, contain, space, counts, &inside);
  view->still_serial = still->serial;
  show (view, width, height, contain, &inside, VIEW_STILL);
}

void
view_clear (View * view)
{
  ring_close (&view->ring);
  tile_clear (&view->shown);
  tile_clear (&view->spare);
  memset (view, 0, sizeof *view);
}
