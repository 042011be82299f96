#include "scene.h"
#include <stdlib.h>
#include <string.h>

#define MAX_MS 60000

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

/* The next number of a text, within ±1,000,000; FALSE when there is none. */
static gboolean
take (const gchar ** at, gint * value)
{
  gchar *end;
  gint64 v = g_ascii_strtoll (*at, &end, 10);
  if (end == *at || (*end && *end != ' ' && *end != ';'))
    return FALSE;
  *at = end;
  *value = (gint) CLAMP (v, -1000000, 1000000);
  return TRUE;
}

static gboolean
take_all (const gchar ** at, gint * values, gint count)
{
  gint i;
  for (i = 0; i < count; i++)
    if (!take (at, &values[i]))
      return FALSE;
  return TRUE;
}

static gboolean
take_slot (const gchar ** at, gint * slot)
{
  return take (at, slot) && *slot >= 0 && *slot < SCENE_SLOTS;
}

static const gchar *
skip_spaces (const gchar * at)
{
  while (*at == ' ')
    at++;
  return at;
}

static gboolean
parse_colour (const gchar * text, Colour * colour)
{
  gchar *end;
  guint64 rgb;
  if (*text != '#' || strlen (text) != 7 || !g_ascii_isxdigit (text[1]))
    return FALSE;
  rgb = g_ascii_strtoull (text + 1, &end, 16);
  if (*end)
    return FALSE;
  *colour = paint_colour ((guint8) (rgb >> 16), (guint8) (rgb >> 8), (guint8) rgb);
  return TRUE;
}

void
scene_set_feed (Scene * scene, const gchar * text)
{
  gint slot;
  Slot *s;
  if (!text || !take_slot (&text, &slot))
    return;
  text = skip_spaces (text);
  if (*text && !ring_path_allowed (text))
    text = "";
  s = &scene->slots[slot];
  g_mutex_lock (&scene->lock);
  if (strcmp (s->feed, text) != 0) {
    g_strlcpy (s->feed, text, RING_PATH_MAX);
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
scene_set_still (Scene * scene, const gchar * text)
{
  gint slot;
  Still *made, *before;
  if (!text || !take_slot (&text, &slot))
    return;
  made = *skip_spaces (text) ? still_parse (text) : NULL;
  g_mutex_lock (&scene->lock);
  before = scene->slots[slot].still;
  scene->slots[slot].still = made;
  g_mutex_unlock (&scene->lock);
  still_unref (before);
}

void
scene_set_border (Scene * scene, const gchar * text)
{
  gint slot, thickness;
  Colour colour = { 0, 0, 0 };
  if (!text || !take_slot (&text, &slot))
    return;
  if (!take (&text, &thickness) || !parse_colour (skip_spaces (text), &colour))
    thickness = 0;
  g_mutex_lock (&scene->lock);
  scene->slots[slot].border = (CLAMP (thickness, 0, 1000) + 1) & ~1;
  scene->slots[slot].border_colour = colour;
  g_mutex_unlock (&scene->lock);
}

void
scene_set_background (Scene * scene, const gchar * text)
{
  Colour colour;
  if (!text || !parse_colour (text, &colour))
    return;
  g_mutex_lock (&scene->lock);
  scene->background = colour;
  g_mutex_unlock (&scene->lock);
}

/* Where a slot is to go, from where it is now. Called with the lock held. */
static void
move_slot (Scene * scene, Slot * s, const gint * n, gboolean visible, GstClockTime length)
{
  Place to = { n[0], n[1], CLAMP (n[2], 2, MAX (2, scene->width)), CLAMP (n[3], 2, MAX (2, scene->height)), 1.0 };
  if (!visible) {
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
scene_set_layout (Scene * scene, const gchar * text)
{
  gint ms;
  GstClockTime length;
  if (!text || !take (&text, &ms))
    return;
  length = (GstClockTime) CLAMP (ms, 0, MAX_MS) * GST_MSECOND;
  g_mutex_lock (&scene->lock);
  while (*text == ';') {
    gint slot, n[7];
    text++;
    if (take_slot (&text, &slot) && take_all (&text, n, 7)) {
      Slot *s = &scene->slots[slot];
      if (n[5]) {
        s->z = n[4];
        s->contain = n[6] != 0;
      }
      move_slot (scene, s, n, n[5] != 0, length);
    }
    while (*text && *text != ';')
      text++;
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
scene_set_picture (Scene * scene, const gchar * text)
{
  /* slot z x y opacity fade */
  gint id, n[6];
  Placed wanted = { 0 };
  GstClockTime fade = 0;
  Picture *gone;
  if (!text || !take (&text, &id))
    return;
  if (take_all (&text, n, 6) && n[0] >= CANVAS_SLOT && n[0] < SCENE_SLOTS) {
    wanted.picture = picture_parse (text, n[4]);
    wanted.slot = n[0];
    wanted.z = n[1];
    wanted.x = n[2];
    wanted.y = n[3];
    fade = (GstClockTime) CLAMP (n[5], 0, MAX_MS) * GST_MSECOND;
  }
  wanted.id = id;
  g_mutex_lock (&scene->lock);
  gone = put_picture (scene, &wanted, fade);
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
