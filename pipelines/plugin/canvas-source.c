/*
 * tesseracanvas: the picture of a programme, as one live source. Once per output picture it takes each visible feed's newest
 * picture from its frame ring (view.c), lays them out (scene.c) and paints them (composer.c). This file is the element: its clock,
 * its buffers, what is left out when it is late. Its properties are in canvas-properties.c.
 *
 * Time. Picture m stands at exactly m × frame duration of running time; it is composed when its span is over, plus a slack for
 * pictures that are being written at that moment, from what was stamped before the end of the span. No feed is ever waited for.
 * Late, it goes on at once; more than 500 ms late, it leaves places of the grid out and lets the next picture be an IDR.
 */
#include "canvas-source.h"
#include "canvas-element.h"

#define TOO_LATE (500 * GST_MSECOND)
#define POOL_MIN 4

typedef struct {
  GstPushSrcClass parent_class;
} TesseraCanvasClass;

G_DEFINE_TYPE (TesseraCanvas, tessera_canvas, GST_TYPE_PUSH_SRC)
#define SELF(o) ((TesseraCanvas *) (o))

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("I420")));

static GstClockTime
frame_time (const TesseraCanvas * self, guint64 frame)
{
  return gst_util_uint64_scale (frame, GST_SECOND, (guint64) self->frame_rate);
}

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

static void
push_keyframe_if_due (TesseraCanvas * self, gint64 frame, GstClockTime running)
{
  guint number;
  GST_OBJECT_LOCK (self);
  number = keyframe_grid_take (&self->keyframes, frame, self->frame_rate, self->frames == 0);
  GST_OBJECT_UNLOCK (self);
  if (number > 0)
    gst_pad_push_event (GST_BASE_SRC_PAD (self), gst_video_event_new_downstream_force_key_unit (running, running, running, TRUE, number));
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

/* Which picture comes next. More than TOO_LATE behind, places of the grid are left out, and the next picture is to be an IDR. */
typedef struct {
  guint64 frame;                /* running frame number */
  gint64 offset;                /* programme frame number of running frame 0 */
  gint step;
  GstClockTime due;             /* when it is to be composed, on the clock */
} NextPicture;

static NextPicture
next_picture (TesseraCanvas * self, GstClockTime base, GstClockTime now)
{
  GstClockTime slack = (GstClockTime) self->slack_us * GST_USECOND;
  /* the running frame whose span ends next */
  guint64 ahead = now > base + slack ? gst_util_uint64_scale (now - base - slack, (guint64) self->frame_rate, GST_SECOND) : 0;
  NextPicture next;
  GST_OBJECT_LOCK (self);
  next.step = self->frame_step;
  next.offset = self->frame_offset;
  GST_OBJECT_UNLOCK (self);
  if (!self->started) {
    self->started = TRUE;
    self->next = ahead;
  }
  next.frame = on_step (self->next, next.offset, next.step);
  next.due = base + frame_time (self, next.frame + 1) + slack;
  if (now > next.due + TOO_LATE) {
    guint64 to = on_step (MAX (ahead, next.frame), next.offset, next.step);
    GST_OBJECT_LOCK (self);
    self->skipped += (to - next.frame) / (guint64) next.step;
    self->keyframes.forced = TRUE;
    GST_OBJECT_UNLOCK (self);
    next.frame = to;
    next.due = base + frame_time (self, to + 1) + slack;
  }
  return next;
}

/* Paints the picture into the buffer. */
static gboolean
paint_picture (TesseraCanvas * self, const NextPicture * next, GstClockTime base, gint64 now_us, GstBuffer * buffer)
{
  GstVideoFrame mapped;
  Surface on;
  gint i;
  if (!gst_video_frame_map (&mapped, &self->info, buffer, GST_MAP_WRITE))
    return FALSE;
  on.width = self->width;
  on.height = self->height;
  for (i = 0; i < 3; i++) {
    on.plane[i] = GST_VIDEO_FRAME_PLANE_DATA (&mapped, i);
    on.stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE (&mapped, i);
  }
  composer_paint (&self->composer, self->scene, &on, frame_time (self, next->frame), base + frame_time (self, next->frame + 1), now_us * 1000);
  gst_video_frame_unmap (&mapped);
  return TRUE;
}

static void
stamp_picture (const TesseraCanvas * self, const NextPicture * next, GstBuffer * buffer)
{
  GST_BUFFER_PTS (buffer) = frame_time (self, next->frame);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = frame_time (self, next->frame + (guint64) next->step) - frame_time (self, next->frame);
  /* the programme frame number: tesserathin goes by it */
  GST_BUFFER_OFFSET (buffer) = (guint64) ((gint64) next->frame + next->offset);
}

static void
note_picture (TesseraCanvas * self, const NextPicture * next, gint64 from_us, gint64 to_us)
{
  GST_OBJECT_LOCK (self);
  self->frames++;
  self->counts_told = self->composer.counts;
  self->late_us = MAX (0, to_us - (gint64) (next->due / 1000));
  note_compose_time (self, from_us, to_us);
  GST_OBJECT_UNLOCK (self);
}

static GstFlowReturn
compose_next (TesseraCanvas * self, GstClock * clock, GstBuffer ** out)
{
  GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self)), now = gst_clock_get_time (clock);
  NextPicture next = next_picture (self, base, now);
  GstBuffer *buffer = NULL;
  GstFlowReturn flow;
  gint64 from_us;
  if (now < next.due && !wait_until (self, clock, next.due))
    return GST_FLOW_FLUSHING;
  flow = gst_buffer_pool_acquire_buffer (self->pool, &buffer, NULL);
  if (flow != GST_FLOW_OK)
    return flow;
  from_us = g_get_monotonic_time ();
  if (!paint_picture (self, &next, base, from_us, buffer)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  stamp_picture (self, &next, buffer);
  push_keyframe_if_due (self, (gint64) next.frame + next.offset, frame_time (self, next.frame));
  note_picture (self, &next, from_us, g_get_monotonic_time ());
  self->next = next.frame + (guint64) next.step;
  *out = buffer;
  return GST_FLOW_OK;
}

static GstFlowReturn
tessera_canvas_create (GstPushSrc * src, GstBuffer ** out)
{
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (src));
  GstFlowReturn flow;
  if (!clock)
    return GST_FLOW_ERROR;
  flow = compose_next (SELF (src), clock, out);
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
  keyframe_grid_start (&self->keyframes);
  scene_resize (self->scene, self->width, self->height);
  return TRUE;
}

static gboolean
tessera_canvas_stop (GstBaseSrc * src)
{
  TesseraCanvas *self = SELF (src);
  drop_pool (self);
  composer_clear (&self->composer);
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
  canvas_properties_init (self);
  gst_base_src_set_live (GST_BASE_SRC (self), TRUE);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_base_src_set_do_timestamp (GST_BASE_SRC (self), FALSE);
}

static void
tessera_canvas_class_init (TesseraCanvasClass * klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *source = GST_BASE_SRC_CLASS (klass);
  object->finalize = tessera_canvas_finalize;
  canvas_properties_install (object);
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
