#include "scene.h"
#include <string.h>

typedef struct {
  gdouble x, y, width, height, alpha;
} Place;

typedef struct {
  gboolean used;
  Place from, to, now;
  gint z;
  gboolean contain;
  GstClockTime start, length;   /* start NONE: with the next plan */
  gboolean moving;
  gchar feed[RING_PATH_MAX];
  guint feed_serial;
  gint64 feed_set_ns;
  Still *still;
  gint border;
  Colour border_colour;
} Slot;

typedef struct {
  Picture *picture;             /* NULL: free */
  gint id, slot, z, x, y;
  gdouble from, to, now;
  GstClockTime start, length;
} Placed;

struct _Scene {
  GMutex lock;
  gint width, height;
  Colour background;
  Slot slots[SCENE_SLOTS];
  Placed pictures[SCENE_PICTURES];
};

Scene *
scene_new (void)
{
  Scene *scene = g_new0 (Scene, 1);
  g_mutex_init (&scene->lock);
  scene->background = paint_colour (0, 0, 0);
  return scene;
}

void
scene_free (Scene * scene)
{
  gint i;
  for (i = 0; i < SCENE_SLOTS; i++)
    still_unref (scene->slots[i].still);
  for (i = 0; i < SCENE_PICTURES; i++)
    picture_unref (scene->pictures[i].picture);
  g_mutex_clear (&scene->lock);
  g_free (scene);
}

void
scene_resize (Scene * scene, gint width, gint height)
{
  g_mutex_lock (&scene->lock);
  scene->width = width;
  scene->height = height;
  g_mutex_unlock (&scene->lock);
}

void
scene_set_feed (Scene * scene, gint slot, const gchar * path)
{
  Slot *s = &scene->slots[slot];
  g_mutex_lock (&scene->lock);
  if (strcmp (s->feed, path) != 0) {
    g_strlcpy (s->feed, path, RING_PATH_MAX);
    s->feed_serial++;
    s->feed_set_ns = g_get_monotonic_time () * 1000;
  }
  g_mutex_unlock (&scene->lock);
}

gint64
scene_feed (Scene * scene, gint slot, gchar path[RING_PATH_MAX])
{
  gint64 set_ns;
  g_mutex_lock (&scene->lock);
  g_strlcpy (path, scene->slots[slot].feed, RING_PATH_MAX);
  set_ns = scene->slots[slot].feed_set_ns;
  g_mutex_unlock (&scene->lock);
  return set_ns;
}

void
scene_set_still (Scene * scene, gint slot, Still * still)
{
  Still *before;
  g_mutex_lock (&scene->lock);
  before = scene->slots[slot].still;
  scene->slots[slot].still = still;
  g_mutex_unlock (&scene->lock);
  still_unref (before);
}

void
scene_set_border (Scene * scene, gint slot, gint thickness, Colour colour)
{
  g_mutex_lock (&scene->lock);
  scene->slots[slot].border = (CLAMP (thickness, 0, 1000) + 1) & ~1;
  scene->slots[slot].border_colour = colour;
  g_mutex_unlock (&scene->lock);
}

void
scene_set_background (Scene * scene, Colour colour)
{
  g_mutex_lock (&scene->lock);
  scene->background = colour;
  g_mutex_unlock (&scene->lock);
}

/* Where a slot is to go, from where it is now. Called with the lock held. */
static void
move_slot (Scene * scene, Slot * s, const ScenePlace * place, GstClockTime length)
{
  Place to = { place->x, place->y, CLAMP (place->width, 2, MAX (2, scene->width)), CLAMP (place->height, 2, MAX (2, scene->height)), 1.0 };
  if (!place->visible) {
    /* it fades out where it is */
    if (!s->used || s->to.alpha <= 0.0)
      return;
    to = s->now;
    to.alpha = 0.0;
  } else if (s->used && memcmp (&to, &s->to, sizeof to) == 0)
    return;
  /* what was not visible comes in at its place instead of flying there */
  if (!s->used || s->now.alpha <= 0.0) {
    s->now = to;
    s->now.alpha = 0.0;
  }
  s->from = s->now;
  s->to = to;
  s->used = TRUE;
  s->start = GST_CLOCK_TIME_NONE;
  s->length = length;
  s->moving = TRUE;
}

void
scene_set_layout (Scene * scene, const ScenePlace * places, guint count, GstClockTime length)
{
  guint i;
  g_mutex_lock (&scene->lock);
  for (i = 0; i < count; i++) {
    Slot *s = &scene->slots[places[i].slot];
    if (places[i].visible) {
      s->z = places[i].z;
      s->contain = places[i].contain;
    }
    move_slot (scene, s, &places[i], length);
  }
  g_mutex_unlock (&scene->lock);
}

/* Called with the lock held. A picture of the same id that is there or on its way out is taken over as it is now. */
static Picture *
put_picture (Scene * scene, Placed * wanted, GstClockTime fade)
{
  Picture *gone = NULL;
  Placed *p = NULL, *empty = NULL;
  gint i;
  for (i = 0; i < SCENE_PICTURES && !p; i++) {
    Placed *candidate = &scene->pictures[i];
    if (!candidate->picture) {
      if (!empty)
        empty = candidate;
    } else if (candidate->id == wanted->id)
      p = candidate;
  }
  if (!wanted->picture) {
    if (!p)
      return NULL;
    p->from = p->now;
    p->to = 0.0;
    p->start = GST_CLOCK_TIME_NONE;
    return NULL;
  }
  if (p) {
    gone = p->picture;
    wanted->now = p->now;
  } else
    p = empty;
  if (!p)
    return wanted->picture;
  wanted->from = wanted->now;
  wanted->to = 1.0;
  wanted->start = GST_CLOCK_TIME_NONE;
  wanted->length = fade;
  *p = *wanted;
  return gone;
}

void
scene_set_picture (Scene * scene, gint id, const ScenePicture * picture)
{
  Placed wanted = { 0 };
  Picture *gone;
  wanted.picture = picture->picture;
  wanted.id = id;
  wanted.slot = picture->slot;
  wanted.z = picture->z;
  wanted.x = picture->x;
  wanted.y = picture->y;
  g_mutex_lock (&scene->lock);
  gone = put_picture (scene, &wanted, picture->fade);
  g_mutex_unlock (&scene->lock);
  picture_unref (gone);
}

/* 0…1 of a transition's way at `at`; 1 when it is over. */
static gdouble
progress (GstClockTime * start, GstClockTime length, GstClockTime at)
{
  if (*start == GST_CLOCK_TIME_NONE)
    *start = at;
  if (length == 0 || at >= *start + length)
    return 1.0;
  return (gdouble) (at - *start) / (gdouble) length;
}

static gdouble
between (gdouble from, gdouble to, gdouble share)
{
  return from + (to - from) * share;
}

static void
advance_slot (Slot * s, GstClockTime at)
{
  gdouble t, e;
  if (!s->moving)
    return;
  t = progress (&s->start, s->length, at);
  if (t >= 1.0) {
    s->now = s->to;
    s->moving = FALSE;
    return;
  }
  e = t < 0.5 ? 4 * t * t * t : 1 - (2 - 2 * t) * (2 - 2 * t) * (2 - 2 * t) / 2;
  s->now.x = between (s->from.x, s->to.x, e);
  s->now.y = between (s->from.y, s->to.y, e);
  s->now.width = between (s->from.width, s->to.width, e);
  s->now.height = between (s->from.height, s->to.height, e);
  s->now.alpha = between (s->from.alpha, s->to.alpha, e);
}

static gint
even (gdouble v)
{
  return 2 * (gint) (v / 2.0 + (v < 0 ? -0.5 : 0.5));
}

static guint
alpha_of (gdouble share)
{
  return (guint) (CLAMP (share, 0.0, 1.0) * 256.0 + 0.5);
}

static void
plan_tile (Plan * plan, Slot * s, gint slot)
{
  PlanTile tile = { 0 };
  guint to;
  tile.alpha = s->used ? alpha_of (s->now.alpha) : 0;
  if (tile.alpha == 0)
    return;
  tile.slot = slot;
  tile.z = s->z;
  /* both edges are rounded, so that neighbours stay neighbours while they move */
  tile.box.x = even (s->now.x);
  tile.box.y = even (s->now.y);
  tile.box.width = MAX (2, even (s->now.x + s->now.width) - tile.box.x);
  tile.box.height = MAX (2, even (s->now.y + s->now.height) - tile.box.y);
  tile.contain = s->contain;
  tile.border = s->border;
  tile.border_colour = s->border_colour;
  tile.still = still_ref (s->still);
  for (to = plan->tile_count++; to > 0 && plan->tiles[to - 1].z > tile.z; to--)
    plan->tiles[to] = plan->tiles[to - 1];
  plan->tiles[to] = tile;
}

static void
plan_picture (Plan * plan, const Placed * p)
{
  PlanPicture picture = { NULL, p->slot, p->z, p->x, p->y, alpha_of (p->now) };
  guint to;
  if (picture.alpha == 0)
    return;
  picture.picture = picture_ref (p->picture);
  for (to = plan->picture_count++; to > 0 && plan->pictures[to - 1].z > picture.z; to--)
    plan->pictures[to] = plan->pictures[to - 1];
  plan->pictures[to] = picture;
}

void
scene_plan (Scene * scene, GstClockTime at, Plan * plan)
{
  Picture *gone[SCENE_PICTURES];
  gint i, gone_count = 0;
  plan->tile_count = 0;
  plan->picture_count = 0;
  g_mutex_lock (&scene->lock);
  plan->background = scene->background;
  for (i = 0; i < SCENE_SLOTS; i++) {
    advance_slot (&scene->slots[i], at);
    plan_tile (plan, &scene->slots[i], i);
    plan->feeds[i] = scene->slots[i].feed_serial;
  }
  for (i = 0; i < SCENE_PICTURES; i++) {
    Placed *p = &scene->pictures[i];
    if (!p->picture)
      continue;
    p->now = between (p->from, p->to, progress (&p->start, p->length, at));
    if (p->to <= 0.0 && p->now <= 0.0) {
      gone[gone_count++] = p->picture;
      p->picture = NULL;
      continue;
    }
    plan_picture (plan, p);
  }
  g_mutex_unlock (&scene->lock);
  for (i = 0; i < gone_count; i++)
    picture_unref (gone[i]);
}

void
scene_release (Plan * plan)
{
  guint i;
  for (i = 0; i < plan->tile_count; i++)
    still_unref (plan->tiles[i].still);
  for (i = 0; i < plan->picture_count; i++)
    picture_unref (plan->pictures[i].picture);
  plan->tile_count = plan->picture_count = 0;
}
