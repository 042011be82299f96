/*
 * tesseracanvas: the picture of a programme, as one live source. Once per output picture it takes each visible feed's newest
 * picture from its frame ring (view.c), lays them out (scene.c) and paints them (paint.c, picture.c).
 *
 * Time. Picture m stands at exactly m × frame duration of running time; it is composed when its span is over, plus a slack for
 * pictures that are being written at that moment, from what was stamped before the end of the span. No feed is ever waited for.
 * Late, it goes on at once; more than 500 ms late, it leaves places of the grid out and lets the next picture be an IDR.
 *
 * Properties are texts, as the Node binding can set only these (and passes numbers through floats):
 *  - base-time    ns: the pipeline's base time, set before it plays, so that running time 0 is on the programme's grid.
 *  - frame-offset programme frame number of running time 0.
 *  - grid         an IDR at each programme frame that is a multiple of it; one event before the tee, so that all encoders cut together.
 *  - keyframe     (boolean) one IDR as soon as allowed; at most one a second, those of the grid counted.
 *  - frame-step   2: only even programme frames, which then last two. They are composed when their first frame's span is over.
 *  - feed         "slot path" of a frame ring, "slot" for none.
 *  - still        "slot w h base64": RGBA shown while the feed has no picture; "slot" removes it.
 *  - layout       "ms;slot x y w h z visible contain;…"
 *  - picture      "id slot z x y opacity fadeMs w h base64": RGBA; slot -1 is the canvas, opacity 0…1000. "id" removes it.
 *  - border       "slot thickness #rrggbb"; "slot" removes it.
 *  - background   "#rrggbb"
 *  - stats        (read) "frames skipped composeUs lateUs torn"
 */
#include "canvas-source.h"
#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>
#include <stdio.h>
#include "scene.h"
#include "view.h"

/* A picture is stamped when it arrives and is in the ring up to some ms later. */
#define DEFAULT_SLACK_US 4000
#define TOO_LATE (500 * GST_MSECOND)
#define DEFAULT_WIDTH 1280
#define DEFAULT_HEIGHT 720
#define DEFAULT_FRAME_RATE 30
#define POOL_MIN 4

typedef struct {
  GstPushSrc parent;
  Scene *scene;
  gint width, height, frame_rate, slack_us;

  /* behind the object lock */
  gint64 frame_offset, grid;
  gint frame_step;
  gboolean keyframe_wanted;
  GstClockID waiting;
  gboolean unlocked;
  guint64 frames, skipped, torn_told;
  guint compose_us;
  gint64 late_us;

  /* the streaming thread's own */
  GstBufferPool *pool;
  GstVideoInfo info;
  Plan plan;
  View views[SCENE_SLOTS];
  Workspace space;
  gboolean started, keyframe_forced;
  guint64 next;                 /* running frame number */
  gint64 last_key_frame;
  guint key_count;
  guint64 torn;
  gint64 second_began_us, second_us;
  guint second_frames;
} TesseraCanvas;

typedef struct {
  GstPushSrcClass parent_class;
} TesseraCanvasClass;

enum { PROP_0, PROP_WIDTH, PROP_HEIGHT, PROP_FRAME_RATE, PROP_SLACK, PROP_BASE_TIME, PROP_FRAME_OFFSET, PROP_GRID, PROP_KEYFRAME, PROP_FRAME_STEP,
  PROP_FEED, PROP_STILL, PROP_LAYOUT, PROP_PICTURE, PROP_BORDER, PROP_BACKGROUND, PROP_FRAMES, PROP_STATS
};

G_DEFINE_TYPE (TesseraCanvas, tessera_canvas, GST_TYPE_PUSH_SRC)
#define SELF(o) ((TesseraCanvas *) (o))

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("I420")));

/* --- base time ---------------------------------------------------------------------------------------------------- */

/* The pipeline this element is in, with a reference, or NULL. */
static GstElement *
find_pipeline (TesseraCanvas * self)
{
  GstObject *at = gst_object_ref (GST_OBJECT (self));
  while (at && !GST_IS_PIPELINE (at)) {
    GstObject *up = gst_object_get_parent (at);
    gst_object_unref (at);
    at = up;
  }
  return at ? GST_ELEMENT (at) : NULL;
}

static void
set_base_time (TesseraCanvas * self, const gchar * text)
{
  GstElement *pipeline = find_pipeline (self);
  GstClock *clock;
  if (!pipeline)
    return;
  /* the system clock is CLOCK_MONOTONIC, the same as process.hrtime() and as the stamps in the rings */
  clock = gst_system_clock_obtain ();
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_object_unref (clock);
  /* no start time: the pipeline leaves our base time alone when it starts to play */
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, g_ascii_strtoull (text, NULL, 10));
  gst_object_unref (pipeline);
}

static gchar *
get_base_time (TesseraCanvas * self)
{
  GstElement *pipeline = find_pipeline (self);
  gchar *text;
  if (!pipeline)
    return g_strdup ("0");
  text = g_strdup_printf ("%" G_GUINT64_FORMAT, gst_element_get_base_time (pipeline));
  gst_object_unref (pipeline);
  return text;
}

/* --- composing ---------------------------------------------------------------------------------------------------- */

static GstClockTime
frame_time (const TesseraCanvas * self, guint64 frame)
{
  return gst_util_uint64_scale (frame, GST_SECOND, (guint64) self->frame_rate);
}

static void
paint_canvas_pictures (TesseraCanvas * self, Surface * on, guint from, gboolean behind)
{
  Box canvas = { 0, 0, self->width, self->height };
  guint i;
  for (i = from; i < self->plan.picture_count; i++) {
    const PlanPicture *p = &self->plan.pictures[i];
    gint x, y;
    if (p->slot != CANVAS_SLOT || (p->z < 0) != behind)
      continue;
    x = even_down (p->x < 0 ? canvas.width + p->x - p->picture->width + 1 : p->x);
    y = even_down (p->y < 0 ? canvas.height + p->y - p->picture->height + 1 : p->y);
    picture_paint (p->picture, on, x, y, &canvas, p->alpha);
  }
}

/* Pictures of a slot keep to what it shows (with `contain` smaller than the slot), and never leave the slot. */
static void
paint_slot_pictures (TesseraCanvas * self, Surface * on, const PlanTile * tile, const Box * shown)
{
  guint i;
  for (i = 0; i < self->plan.picture_count; i++) {
    const PlanPicture *p = &self->plan.pictures[i];
    gint x, y;
    if (p->slot != tile->slot)
      continue;
    x = even_down (p->x < 0 ? shown->x + shown->width + p->x - p->picture->width + 1 : shown->x + p->x);
    y = even_down (p->y < 0 ? shown->y + shown->height + p->y - p->picture->height + 1 : shown->y + p->y);
    picture_paint (p->picture, on, x, y, &tile->box, p->alpha * tile->alpha >> 8);
  }
}

static void
paint_slot (TesseraCanvas * self, Surface * on, const PlanTile * tile, guint64 before_ns, gint64 now_ns)
{
  View *view = &self->views[tile->slot];
  Box shown = tile->box;
  view_update (view, tile->box.width, tile->box.height, tile->contain, tile->still, before_ns, now_ns, &self->space, &self->torn);
  if (view->content != VIEW_EMPTY) {
    shown = (Box) { tile->box.x + view->inside.x, tile->box.y + view->inside.y, view->inside.width, view->inside.height };
    paint_tile (on, &view->shown, shown.x, shown.y, tile->alpha);
  }
  if (tile->border > 0)
    paint_border (on, &shown, tile->border, tile->border_colour, tile->alpha);
  paint_slot_pictures (self, on, tile, &shown);
}

static gboolean
covers (const TesseraCanvas * self, const Box * box)
{
  return box->x <= 0 && box->y <= 0 && box->x + box->width >= self->width && box->y + box->height >= self->height;
}

/* Index of the highest picture of the canvas that hides everything below it, or -1. */
static gint
hiding_picture (const TesseraCanvas * self)
{
  gint i;
  for (i = (gint) self->plan.picture_count - 1; i >= 0; i--) {
    const PlanPicture *p = &self->plan.pictures[i];
    Box box = { p->x, p->y, p->picture->width, p->picture->height };
    if (p->slot == CANVAS_SLOT && p->picture->opaque && p->alpha >= 256 && p->x >= 0 && p->y >= 0 && covers (self, &box))
      return i;
  }
  return -1;
}

/* The lowest tile that has to be painted: everything below an opaque one over the whole canvas is hidden. */
static guint
first_tile (const TesseraCanvas * self)
{
  guint i;
  for (i = self->plan.tile_count; i-- > 0;) {
    const PlanTile *tile = &self->plan.tiles[i];
    ViewContent content = self->views[tile->slot].content;
    gboolean filled = content == VIEW_FEED || (content == VIEW_STILL && tile->still);
    if (filled && tile->alpha >= 256 && !tile->contain && covers (self, &tile->box))
      return i;
  }
  return 0;
}

static void
compose (TesseraCanvas * self, Surface * on, GstClockTime at, guint64 before_ns, gint64 now_ns)
{
  Box canvas = { 0, 0, self->width, self->height };
  gint hiding, slot;
  guint i;
  scene_plan (self->scene, at, &self->plan);
  for (slot = 0; slot < SCENE_SLOTS; slot++) {
    View *view = &self->views[slot];
    gchar path[RING_PATH_MAX];
    gint64 set_ns;
    if (view->feed_serial == self->plan.feeds[slot])
      continue;
    view->feed_serial = self->plan.feeds[slot];
    set_ns = scene_feed (self->scene, slot, path);
    view_set_feed (view, path, set_ns);
  }
  hiding = hiding_picture (self);
  if (hiding < 0 || self->plan.pictures[hiding].z < 0) {
    guint from = first_tile (self);
    if (from == 0) {
      if (hiding < 0)
        paint_fill (on, &canvas, self->plan.background, 256);
      paint_canvas_pictures (self, on, (guint) MAX (0, hiding), TRUE);
    }
    for (i = from; i < self->plan.tile_count; i++)
      paint_slot (self, on, &self->plan.tiles[i], before_ns, now_ns);
  }
  paint_canvas_pictures (self, on, (guint) MAX (0, hiding), FALSE);
  scene_release (&self->plan);
}

/* --- the source --------------------------------------------------------------------------------------------------- */

/* Waits for a moment of the clock; FALSE when the source is being stopped. */
static gboolean
wait_until (TesseraCanvas * self, GstClock * clock, GstClockTime when)
{
  gboolean go_on;
  GST_OBJECT_LOCK (self);
  if (!self->unlocked) {
    GstClockID id = self->waiting = gst_clock_new_single_shot_id (clock, when);
    GST_OBJECT_UNLOCK (self);
    gst_clock_id_wait (id, NULL);
    GST_OBJECT_LOCK (self);
    gst_clock_id_unref (id);
    self->waiting = NULL;
  }
  go_on = !self->unlocked;
  GST_OBJECT_UNLOCK (self);
  return go_on;
}

/* Every picture that may be asked for: the grid's, one on request, one behind a hole. */
static void
push_keyframe_if_due (TesseraCanvas * self, gint64 frame, GstClockTime running)
{
  gboolean due;
  GST_OBJECT_LOCK (self);
  /* The first picture is an IDR anyhow, and must not be asked for: GStreamer 1.22's video encoder would note that request 1000 hours
   * in the future (x264enc's offset) and refuse all later ones. */
  due = self->frames > 0 && self->grid > 0 && frame % self->grid == 0;
  /* one on request only where the grid brings none at once */
  if (self->frames > 0 && !due && (self->keyframe_forced || (self->keyframe_wanted && frame - self->last_key_frame >= self->frame_rate)))
    due = TRUE;
  if (due || self->frames == 0) {
    self->keyframe_wanted = self->keyframe_forced = FALSE;
    self->last_key_frame = frame;
  }
  if (due)
    self->key_count++;
  GST_OBJECT_UNLOCK (self);
  if (due)
    gst_pad_push_event (GST_BASE_SRC_PAD (self), gst_video_event_new_downstream_force_key_unit (running, running, running, TRUE, self->key_count));
}

/* Adds one picture's time to the mean of this second. Called with the object lock held. */
static void
note_compose_time (TesseraCanvas * self, gint64 from_us, gint64 to_us)
{
  self->second_us += to_us - from_us;
  self->second_frames++;
  if (to_us - self->second_began_us < G_USEC_PER_SEC && self->compose_us > 0)
    return;
  self->compose_us = (guint) (self->second_us / self->second_frames);
  self->second_us = 0;
  self->second_frames = 0;
  self->second_began_us = to_us;
}

/* The first running frame from `from` on whose programme frame is composed at this step. */
static guint64
on_step (guint64 from, gint64 offset, gint step)
{
  return from + (guint64) ((step - ((gint64) from + offset) % step) % step);
}

static GstFlowReturn
tessera_canvas_create (GstPushSrc * src, GstBuffer ** out)
{
  TesseraCanvas *self = SELF (src);
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self)), slack = (GstClockTime) self->slack_us * GST_USECOND, now, due;
  GstFlowReturn flow = GST_FLOW_FLUSHING;
  GstVideoFrame mapped;
  GstBuffer *buffer = NULL;
  Surface on;
  gint step, i;
  gint64 offset, from_us, to_us;
  guint64 frame, ahead;
  if (!clock)
    return GST_FLOW_ERROR;
  GST_OBJECT_LOCK (self);
  step = self->frame_step;
  offset = self->frame_offset;
  GST_OBJECT_UNLOCK (self);
  now = gst_clock_get_time (clock);
  /* the running frame whose span ends next */
  ahead = now > base + slack ? gst_util_uint64_scale (now - base - slack, (guint64) self->frame_rate, GST_SECOND) : 0;
  if (!self->started) {
    self->started = TRUE;
    self->next = ahead;
  }
  frame = on_step (self->next, offset, step);
  due = base + frame_time (self, frame + 1) + slack;
  if (now > due + TOO_LATE) {
    guint64 to = on_step (MAX (ahead, frame), offset, step);
    GST_OBJECT_LOCK (self);
    self->skipped += (to - frame) / (guint64) step;
    GST_OBJECT_UNLOCK (self);
    self->keyframe_forced = TRUE;
    frame = to;
    due = base + frame_time (self, frame + 1) + slack;
  }
  if (now < due && !wait_until (self, clock, due))
    goto done;
  flow = gst_buffer_pool_acquire_buffer (self->pool, &buffer, NULL);
  if (flow != GST_FLOW_OK)
    goto done;
  if (!gst_video_frame_map (&mapped, &self->info, buffer, GST_MAP_WRITE)) {
    gst_buffer_unref (buffer);
    flow = GST_FLOW_ERROR;
    goto done;
  }
  on.width = self->width;
  on.height = self->height;
  for (i = 0; i < 3; i++) {
    on.plane[i] = GST_VIDEO_FRAME_PLANE_DATA (&mapped, i);
    on.stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE (&mapped, i);
  }
  from_us = g_get_monotonic_time ();
  compose (self, &on, frame_time (self, frame), base + frame_time (self, frame + 1), from_us * 1000);
  gst_video_frame_unmap (&mapped);
  GST_BUFFER_PTS (buffer) = frame_time (self, frame);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = frame_time (self, frame + (guint64) step) - frame_time (self, frame);
  /* the programme frame number: tesserathin goes by it */
  GST_BUFFER_OFFSET (buffer) = (guint64) ((gint64) frame + offset);
  push_keyframe_if_due (self, (gint64) frame + offset, frame_time (self, frame));
  to_us = g_get_monotonic_time ();
  GST_OBJECT_LOCK (self);
  self->frames++;
  self->torn_told = self->torn;
  self->late_us = MAX (0, to_us - (gint64) (due / 1000));
  note_compose_time (self, from_us, to_us);
  GST_OBJECT_UNLOCK (self);
  self->next = frame + (guint64) step;
  *out = buffer;
done:
  gst_object_unref (clock);
  return flow;
}

static GstCaps *
tessera_canvas_get_caps (GstBaseSrc * src, GstCaps * filter)
{
  TesseraCanvas *self = SELF (src);
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, self->width, "height", G_TYPE_INT,
      self->height, "framerate", GST_TYPE_FRACTION, self->frame_rate, 1, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, "interlace-mode",
      G_TYPE_STRING, "progressive", "colorimetry", G_TYPE_STRING, GST_VIDEO_COLORIMETRY_BT601, NULL);
  if (filter) {
    GstCaps *both = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (caps);
    caps = both;
  }
  return caps;
}

static void
drop_pool (TesseraCanvas * self)
{
  if (!self->pool)
    return;
  gst_buffer_pool_set_active (self->pool, FALSE);
  gst_clear_object (&self->pool);
}

static gboolean
tessera_canvas_set_caps (GstBaseSrc * src, GstCaps * caps)
{
  TesseraCanvas *self = SELF (src);
  GstStructure *config;
  if (!gst_video_info_from_caps (&self->info, caps))
    return FALSE;
  drop_pool (self);
  /* no upper bound of its own: the queues before the encoders are bounded */
  self->pool = gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (self->pool);
  gst_buffer_pool_config_set_params (config, caps, (guint) self->info.size, POOL_MIN, 0);
  return gst_buffer_pool_set_config (self->pool, config) && gst_buffer_pool_set_active (self->pool, TRUE);
}

/* The pool is our own: nothing is taken from those behind. */
static gboolean
tessera_canvas_decide_allocation (GstBaseSrc * src, GstQuery * query)
{
  (void) src;
  while (gst_query_get_n_allocation_pools (query) > 0)
    gst_query_remove_nth_allocation_pool (query, 0);
  return TRUE;
}

static gboolean
tessera_canvas_query (GstBaseSrc * src, GstQuery * query)
{
  TesseraCanvas *self = SELF (src);
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_BASE_SRC_CLASS (tessera_canvas_parent_class)->query (src, query);
  gst_query_set_latency (query, TRUE, frame_time (self, 1) + (GstClockTime) self->slack_us * GST_USECOND, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gboolean
tessera_canvas_start (GstBaseSrc * src)
{
  TesseraCanvas *self = SELF (src);
  self->started = FALSE;
  self->last_key_frame = G_MININT64 / 2;
  scene_resize (self->scene, self->width, self->height);
  return TRUE;
}

static gboolean
tessera_canvas_stop (GstBaseSrc * src)
{
  TesseraCanvas *self = SELF (src);
  gint i;
  drop_pool (self);
  for (i = 0; i < SCENE_SLOTS; i++)
    view_clear (&self->views[i]);
  workspace_clear (&self->space);
  return TRUE;
}

static gboolean
tessera_canvas_unlock (GstBaseSrc * src)
{
  TesseraCanvas *self = SELF (src);
  GST_OBJECT_LOCK (self);
  self->unlocked = TRUE;
  if (self->waiting)
    gst_clock_id_unschedule (self->waiting);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
tessera_canvas_unlock_stop (GstBaseSrc * src)
{
  TesseraCanvas *self = SELF (src);
  GST_OBJECT_LOCK (self);
  self->unlocked = FALSE;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* --- properties --------------------------------------------------------------------------------------------------- */

static void
set_number (TesseraCanvas * self, gint64 * number, const gchar * text)
{
  gint64 value = g_ascii_strtoll (text, NULL, 10);
  GST_OBJECT_LOCK (self);
  *number = MAX (0, value);
  GST_OBJECT_UNLOCK (self);
}

static void
tessera_canvas_set_property (GObject * object, guint id, const GValue * value, GParamSpec * spec)
{
  TesseraCanvas *self = SELF (object);
  const gchar *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : NULL;
  if (G_VALUE_HOLDS_STRING (value) && !text)
    return;
  switch (id) {
    case PROP_WIDTH:
      self->width = even_down (g_value_get_int (value));
      scene_resize (self->scene, self->width, self->height);
      break;
    case PROP_HEIGHT:
      self->height = even_down (g_value_get_int (value));
      scene_resize (self->scene, self->width, self->height);
      break;
    case PROP_FRAME_RATE:
      self->frame_rate = g_value_get_int (value);
      break;
    case PROP_SLACK:
      self->slack_us = g_value_get_int (value);
      break;
    case PROP_BASE_TIME:
      set_base_time (self, text);
      break;
    case PROP_FRAME_OFFSET:
      set_number (self, &self->frame_offset, text);
      break;
    case PROP_GRID:
      set_number (self, &self->grid, text);
      break;
    case PROP_KEYFRAME:
      GST_OBJECT_LOCK (self);
      self->keyframe_wanted = g_value_get_boolean (value);
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_FRAME_STEP:
      GST_OBJECT_LOCK (self);
      self->frame_step = g_ascii_strtoll (text, NULL, 10) == 2 ? 2 : 1;
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_FEED:
      scene_set_feed (self->scene, text);
      break;
    case PROP_STILL:
      scene_set_still (self->scene, text);
      break;
    case PROP_LAYOUT:
      scene_set_layout (self->scene, text);
      break;
    case PROP_PICTURE:
      scene_set_picture (self->scene, text);
      break;
    case PROP_BORDER:
      scene_set_border (self->scene, text);
      break;
    case PROP_BACKGROUND:
      scene_set_background (self->scene, text);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

static void
tessera_canvas_get_property (GObject * object, guint id, GValue * value, GParamSpec * spec)
{
  TesseraCanvas *self = SELF (object);
  switch (id) {
    case PROP_WIDTH:
      g_value_set_int (value, self->width);
      break;
    case PROP_HEIGHT:
      g_value_set_int (value, self->height);
      break;
    case PROP_FRAME_RATE:
      g_value_set_int (value, self->frame_rate);
      break;
    case PROP_SLACK:
      g_value_set_int (value, self->slack_us);
      break;
    case PROP_BASE_TIME:
      g_value_take_string (value, get_base_time (self));
      break;
    case PROP_FRAME_OFFSET:
    case PROP_GRID:
      GST_OBJECT_LOCK (self);
      g_value_take_string (value, g_strdup_printf ("%" G_GINT64_FORMAT, id == PROP_GRID ? self->grid : self->frame_offset));
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_KEYFRAME:
      GST_OBJECT_LOCK (self);
      g_value_set_boolean (value, self->keyframe_wanted);
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_FRAME_STEP:
      GST_OBJECT_LOCK (self);
      g_value_set_string (value, self->frame_step == 2 ? "2" : "1");
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_FRAMES:
      GST_OBJECT_LOCK (self);
      g_value_take_string (value, g_strdup_printf ("%" G_GUINT64_FORMAT, self->frames));
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_STATS:
      GST_OBJECT_LOCK (self);
      g_value_take_string (value, g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %u %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT,
              self->frames, self->skipped, self->compose_us, self->late_us, self->torn_told));
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_FEED:
    case PROP_STILL:
    case PROP_LAYOUT:
    case PROP_PICTURE:
    case PROP_BORDER:
    case PROP_BACKGROUND:
      g_value_set_string (value, "");
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

static void
tessera_canvas_finalize (GObject * object)
{
  TesseraCanvas *self = SELF (object);
  tessera_canvas_stop (GST_BASE_SRC (self));
  scene_free (self->scene);
  G_OBJECT_CLASS (tessera_canvas_parent_class)->finalize (object);
}

static void
tessera_canvas_init (TesseraCanvas * self)
{
  self->scene = scene_new ();
  self->width = DEFAULT_WIDTH;
  self->height = DEFAULT_HEIGHT;
  self->frame_rate = DEFAULT_FRAME_RATE;
  self->slack_us = DEFAULT_SLACK_US;
  self->frame_step = 1;
  gst_base_src_set_live (GST_BASE_SRC (self), TRUE);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_base_src_set_do_timestamp (GST_BASE_SRC (self), FALSE);
}

static void
add_text (GObjectClass * object, guint id, const gchar * name, const gchar * blurb, GParamFlags flags)
{
  g_object_class_install_property (object, id, g_param_spec_string (name, name, blurb, NULL, flags | G_PARAM_STATIC_STRINGS));
}

static void
add_number (GObjectClass * object, guint id, const gchar * name, const gchar * blurb, gint least, gint most, gint normal)
{
  g_object_class_install_property (object, id, g_param_spec_int (name, name, blurb, least, most, normal, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void
tessera_canvas_class_init (TesseraCanvasClass * klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *source = GST_BASE_SRC_CLASS (klass);
  object->set_property = tessera_canvas_set_property;
  object->get_property = tessera_canvas_get_property;
  object->finalize = tessera_canvas_finalize;
  add_number (object, PROP_WIDTH, "width", "Pixels, even", 16, 4096, DEFAULT_WIDTH);
  add_number (object, PROP_HEIGHT, "height", "Pixels, even", 16, 4096, DEFAULT_HEIGHT);
  add_number (object, PROP_FRAME_RATE, "frame-rate", "Pictures per second", 1, 120, DEFAULT_FRAME_RATE);
  add_number (object, PROP_SLACK, "slack", "Microseconds to wait after the end of a picture's span", 0, 100000, DEFAULT_SLACK_US);
  add_text (object, PROP_BASE_TIME, "base-time", "Base time of the pipeline in ns", G_PARAM_READWRITE);
  add_text (object, PROP_FRAME_OFFSET, "frame-offset", "Programme frame number of running time 0", G_PARAM_READWRITE);
  add_text (object, PROP_GRID, "grid", "Frames between keyframes of the grid; 0 for none", G_PARAM_READWRITE);
  add_text (object, PROP_FRAME_STEP, "frame-step", "1, or 2 for every second picture", G_PARAM_READWRITE);
  add_text (object, PROP_FEED, "feed", "slot path, or slot", G_PARAM_READWRITE);
  add_text (object, PROP_STILL, "still", "slot w h base64 RGBA, or slot", G_PARAM_READWRITE);
  add_text (object, PROP_LAYOUT, "layout", "ms;slot x y w h z visible contain;...", G_PARAM_READWRITE);
  add_text (object, PROP_PICTURE, "picture", "id slot z x y opacity fadeMs w h base64 RGBA, or id", G_PARAM_READWRITE);
  add_text (object, PROP_BORDER, "border", "slot thickness #rrggbb, or slot", G_PARAM_READWRITE);
  add_text (object, PROP_BACKGROUND, "background", "#rrggbb", G_PARAM_READWRITE);
  add_text (object, PROP_FRAMES, "frames", "Pictures since the start", G_PARAM_READABLE);
  add_text (object, PROP_STATS, "stats", "frames skipped composeUs lateUs torn", G_PARAM_READABLE);
  g_object_class_install_property (object, PROP_KEYFRAME,
      g_param_spec_boolean ("keyframe", "keyframe", "Ask for one keyframe", FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "Tessera canvas", "Source/Video", "Composes a programme's pictures from frame rings", "Tessera");
  source->get_caps = GST_DEBUG_FUNCPTR (tessera_canvas_get_caps);
  source->set_caps = GST_DEBUG_FUNCPTR (tessera_canvas_set_caps);
  source->decide_allocation = GST_DEBUG_FUNCPTR (tessera_canvas_decide_allocation);
  source->query = GST_DEBUG_FUNCPTR (tessera_canvas_query);
  source->start = GST_DEBUG_FUNCPTR (tessera_canvas_start);
  source->stop = GST_DEBUG_FUNCPTR (tessera_canvas_stop);
  source->unlock = GST_DEBUG_FUNCPTR (tessera_canvas_unlock);
  source->unlock_stop = GST_DEBUG_FUNCPTR (tessera_canvas_unlock_stop);
  GST_PUSH_SRC_CLASS (klass)->create = GST_DEBUG_FUNCPTR (tessera_canvas_create);
}
