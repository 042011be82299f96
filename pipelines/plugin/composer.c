#include "composer.h"

/* Puts a picture into `inside`, negative places counted from its right and lower edge, and cuts it off at `clip`. */
static void
paint_picture (Surface * on, const PlanPicture * p, const Box * inside, const Box * clip, guint alpha)
{
  gint x = inside->x + p->x, y = inside->y + p->y;
  if (p->x < 0)
    x += inside->width - p->picture->width + 1;
  if (p->y < 0)
    y += inside->height - p->picture->height + 1;
  picture_paint (p->picture, on, even_down (x), even_down (y), clip, alpha);
}

static void
paint_canvas_pictures (const Plan * plan, Surface * on, guint from, gboolean behind)
{
  Box canvas = { 0, 0, on->width, on->height };
  guint i;
  for (i = from; i < plan->picture_count; i++) {
    const PlanPicture *p = &plan->pictures[i];
    if (p->slot == CANVAS_SLOT && (p->z < 0) == behind)
      paint_picture (on, p, &canvas, &canvas, p->alpha);
  }
}

/* Pictures of a slot keep to what it shows (with `contain` smaller than the slot), and never leave the slot. */
static void
paint_slot_pictures (const Plan * plan, Surface * on, const PlanTile * tile, const Box * shown)
{
  guint i;
  for (i = 0; i < plan->picture_count; i++) {
    const PlanPicture *p = &plan->pictures[i];
    if (p->slot == tile->slot)
      paint_picture (on, p, shown, &tile->box, p->alpha * tile->alpha >> 8);
  }
}

static void
paint_slot (Composer * composer, Surface * on, const PlanTile * tile, guint64 before_ns, gint64 now_ns)
{
  View *view = &composer->views[tile->slot];
  Box shown = tile->box;
  view_update (view, tile->box.width, tile->box.height, tile->contain, tile->still, before_ns, now_ns, &composer->space, &composer->counts);
  if (view->content != VIEW_EMPTY) {
    shown = (Box) { tile->box.x + view->inside.x, tile->box.y + view->inside.y, view->inside.width, view->inside.height };
    paint_tile (on, &view->shown, shown.x, shown.y, tile->alpha);
  }
  if (tile->border > 0)
    paint_border (on, &shown, tile->border, tile->border_colour, tile->alpha);
  paint_slot_pictures (&composer->plan, on, tile, &shown);
}

static gboolean
covers (const Box * box, const Surface * on)
{
  return box->x <= 0 && box->y <= 0 && box->x + box->width >= on->width && box->y + box->height >= on->height;
}

/* Index of the highest picture of the canvas that hides everything below it, or -1. */
static gint
hiding_picture (const Plan * plan, const Surface * on)
{
  gint i;
  for (i = (gint) plan->picture_count - 1; i >= 0; i--) {
    const PlanPicture *p = &plan->pictures[i];
    Box box = { p->x, p->y, p->picture->width, p->picture->height };
    if (p->slot == CANVAS_SLOT && p->picture->opaque && p->alpha >= 256 && p->x >= 0 && p->y >= 0 && covers (&box, on))
      return i;
  }
  return -1;
}

/* The lowest tile that has to be painted: everything below an opaque one over the whole canvas is hidden. */
static guint
first_tile (const Composer * composer, const Surface * on)
{
  guint i;
  for (i = composer->plan.tile_count; i-- > 0;) {
    const PlanTile *tile = &composer->plan.tiles[i];
    ViewContent content = composer->views[tile->slot].content;
    gboolean filled = content == VIEW_FEED || (content == VIEW_STILL && tile->still);
    if (filled && tile->alpha >= 256 && !tile->contain && covers (&tile->box, on))
      return i;
  }
  return 0;
}

static void
take_over_feeds (Composer * composer, Scene * scene)
{
  gint slot;
  for (slot = 0; slot < SCENE_SLOTS; slot++) {
    View *view = &composer->views[slot];
    gchar path[RING_PATH_MAX];
    gint64 set_ns;
    if (view->feed_serial == composer->plan.feeds[slot])
      continue;
    view->feed_serial = composer->plan.feeds[slot];
    set_ns = scene_feed (scene, slot, path);
    view_set_feed (view, path, set_ns);
  }
}

void
composer_paint (Composer * composer, Scene * scene, Surface * on, GstClockTime at, guint64 before_ns, gint64 now_ns)
{
  Plan *plan = &composer->plan;
  Box canvas = { 0, 0, on->width, on->height };
  gint hiding;
  guint i, lowest;
  scene_plan (scene, at, plan);
  take_over_feeds (composer, scene);
  hiding = hiding_picture (plan, on);
  lowest = (guint) MAX (0, hiding);
  if (hiding < 0 || plan->pictures[hiding].z < 0) {
    guint from = first_tile (composer, on);
    if (from == 0) {
      if (hiding < 0)
        paint_fill (on, &canvas, plan->background, 256);
      paint_canvas_pictures (plan, on, lowest, TRUE);
    }
    for (i = from; i < plan->tile_count; i++)
      paint_slot (composer, on, &plan->tiles[i], before_ns, now_ns);
  }
  paint_canvas_pictures (plan, on, lowest, FALSE);
  scene_release (plan);
}

void
composer_clear (Composer * composer)
{
  gint i;
  for (i = 0; i < SCENE_SLOTS; i++)
    view_clear (&composer->views[i]);
  workspace_clear (&composer->space);
}
