/*
 * tesseracontrol: what the Node binding of GStreamer cannot do, in one element between the compositor and the tee.
 *
 *  - base-time   (string, ns): the pipeline's base time, set before it plays, so that running time 0 is on the programme's grid.
 *  - frame-offset(string): programme frame number of running time 0.
 *  - grid        (string): an IDR at each programme frame that is a multiple of it; one event before the tee, so that all
 *                encoders cut together.
 *  - keyframe    (boolean): one IDR as soon as allowed; at most one a second, those of the grid counted.
 *  - layout      (string): "ms;slot x y w h z alpha;…": where the compositor's pads go, eased over ms milliseconds of programme.
 *  - picture     (string): "id slot x y w h base64": a small RGBA picture blended onto the output. slot -1 is the canvas; negative
 *                x or y count from the right or bottom edge of the slot or canvas. "id" alone removes it.
 *  - set         (string): "element property value": properties the binding cannot set (enumerations).
 *
 * Property strings come from the mixer only. All state behind GST_OBJECT_LOCK; nothing is allocated per frame.
 */
#include <gst/gst.h>
#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SLOTS 32
#define MAX_PICTURES 64
#define MAX_PICTURE_SIDE 4096

typedef struct {
  gdouble x, y, w, h, alpha;
} Place;

typedef struct {
  gboolean used;
  Place from, to, now;
  gint z, applied_z;
  GstClockTime start;           /* running time at which the transition began; NONE: at the next frame */
  GstClockTime length;
  gboolean moving;
  GstPad *pad;
} Slot;

typedef struct {
  gint id, slot, x, y, w, h;    /* even w, h */
  guint8 *luma;                 /* w*h pairs of Y and alpha */
  guint8 *chroma;               /* w/2*h/2 triples of U, V and alpha */
} Picture;

typedef struct {
  GstBaseTransform parent;
  GstVideoInfo info;
  Slot slots[MAX_SLOTS];
  Picture *pictures[MAX_PICTURES];
  GstElement *compositor;
  gchar *compositor_name;
  gint64 frame_offset;
  gint64 grid;
  gboolean keyframe_wanted;
  gint64 last_key_frame;
  guint key_count;
  guint64 frames;
} TesseraControl;

typedef struct {
  GstBaseTransformClass parent_class;
} TesseraControlClass;

enum { PROP_0, PROP_BASE_TIME, PROP_FRAME_OFFSET, PROP_GRID, PROP_KEYFRAME, PROP_LAYOUT, PROP_PICTURE, PROP_SET, PROP_COMPOSITOR, PROP_FRAMES };

GType tessera_control_get_type (void);
G_DEFINE_TYPE (TesseraControl, tessera_control, GST_TYPE_BASE_TRANSFORM)
#define SELF(o) ((TesseraControl *) (o))

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("I420")));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("I420")));

/* The pipeline this element is in, with a reference, or NULL. */
static GstElement *
find_pipeline (TesseraControl * self)
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
set_base_time (TesseraControl * self, const gchar * text)
{
  GstElement *pipeline = find_pipeline (self);
  GstClock *clock;
  if (!pipeline || !text)
    return;
  /* the system clock is CLOCK_MONOTONIC, the same as process.hrtime() */
  clock = gst_system_clock_obtain ();
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_object_unref (clock);
  /* no start time: the pipeline leaves our base time alone when it starts to play */
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, g_ascii_strtoull (text, NULL, 10));
  gst_object_unref (pipeline);
}

static gchar *
get_base_time (TesseraControl * self)
{
  GstElement *pipeline = find_pipeline (self);
  gchar *text;
  if (!pipeline)
    return g_strdup ("0");
  text = g_strdup_printf ("%" G_GUINT64_FORMAT, gst_element_get_base_time (pipeline));
  gst_object_unref (pipeline);
  return text;
}

static void
set_layout (TesseraControl * self, const gchar * text)
{
  gchar **parts;
  guint i;
  GstClockTime length;
  if (!text)
    return;
  parts = g_strsplit (text, ";", MAX_SLOTS + 2);
  if (!parts[0]) {
    g_strfreev (parts);
    return;
  }
  length = g_ascii_strtoull (parts[0], NULL, 10) * GST_MSECOND;
  GST_OBJECT_LOCK (self);
  for (i = 1; parts[i]; i++) {
    gint slot, z, x, y, w, h, alpha;
    Slot *s;
    Place to;
    if (sscanf (parts[i], "%d %d %d %d %d %d %d", &slot, &x, &y, &w, &h, &z, &alpha) != 7 || slot < 0 || slot >= MAX_SLOTS)
      continue;
    s = &self->slots[slot];
    to = (Place) { x, y, w, h, alpha / 100.0 };
    if (s->used && memcmp (&to, &s->to, sizeof to) == 0 && s->z == z)
      continue;
    s->z = z;
    s->to = to;
    /* what was not visible comes in at its place instead of flying there */
    if (!s->used || s->now.alpha <= 0.0 || length == 0) {
      s->now = to;
      if (length > 0 && s->used)
        s->now.alpha = 0.0;
    }
    s->from = s->now;
    s->used = TRUE;
    s->start = GST_CLOCK_TIME_NONE;
    s->length = length;
    s->moving = TRUE;
  }
  GST_OBJECT_UNLOCK (self);
  g_strfreev (parts);
}

static void
free_picture (Picture * p)
{
  if (!p)
    return;
  g_free (p->luma);
  g_free (p->chroma);
  g_free (p);
}

/* RGBA (not premultiplied) to planes with their own alpha, BT.601 limited range. */
static Picture *
make_picture (gint id, gint slot, gint x, gint y, gint w, gint h, const guint8 * rgba)
{
  Picture *p = g_new0 (Picture, 1);
  gint i, j;
  p->id = id;
  p->slot = slot;
  p->x = x;
  p->y = y;
  p->w = w;
  p->h = h;
  p->luma = g_malloc ((gsize) w * h * 2);
  p->chroma = g_malloc ((gsize) (w / 2) * (h / 2) * 3);
  for (i = 0; i < w * h; i++) {
    const guint8 *c = rgba + (gsize) i * 4;
    p->luma[i * 2] = (guint8) (((66 * c[0] + 129 * c[1] + 25 * c[2] + 128) >> 8) + 16);
    p->luma[i * 2 + 1] = c[3];
  }
  for (j = 0; j < h / 2; j++) {
    for (i = 0; i < w / 2; i++) {
      gint r = 0, g = 0, b = 0, a = 0, k;
      guint8 *out = p->chroma + ((gsize) j * (w / 2) + i) * 3;
      for (k = 0; k < 4; k++) {
        const guint8 *c = rgba + ((gsize) (j * 2 + (k >> 1)) * w + i * 2 + (k & 1)) * 4;
        r += c[0] * c[3];
        g += c[1] * c[3];
        b += c[2] * c[3];
        a += c[3];
      }
      if (a > 0) {
        r /= a;
        g /= a;
        b /= a;
      }
      out[0] = (guint8) (((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128);
      out[1] = (guint8) (((112 * r - 94 * g - 18 * b + 128) >> 8) + 128);
      out[2] = (guint8) (a / 4);
    }
  }
  return p;
}

static void
set_picture (TesseraControl * self, const gchar * text)
{
  gint id, slot, x, y, w, h, at = 0, i, fields, free_at = -1;
  Picture *made = NULL;
  if (!text)
    return;
  fields = sscanf (text, "%d %d %d %d %d %d %n", &id, &slot, &x, &y, &w, &h, &at);
  if (fields < 1)
    return;
  if (fields == 6 && at > 0 && slot >= -1 && slot < MAX_SLOTS && w >= 2 && h >= 2 && w <= MAX_PICTURE_SIDE && h <= MAX_PICTURE_SIDE
      && w % 2 == 0 && h % 2 == 0) {
    gsize length = 0;
    guchar *rgba = g_base64_decode (text + at, &length);
    if (length == (gsize) w * h * 4)
      made = make_picture (id, slot, x, y, w, h, rgba);
    g_free (rgba);
  }
  GST_OBJECT_LOCK (self);
  for (i = 0; i < MAX_PICTURES; i++) {
    Picture *p = self->pictures[i];
    if (p && p->id == id) {
      free_picture (p);
      self->pictures[i] = NULL;
    }
    if (!self->pictures[i] && free_at < 0)
      free_at = i;
  }
  if (made && free_at >= 0) {
    self->pictures[free_at] = made;
    made = NULL;
  }
  GST_OBJECT_UNLOCK (self);
  free_picture (made);
}

static void
set_other (TesseraControl * self, const gchar * text)
{
  gchar **parts;
  GstElement *pipeline, *element;
  if (!text)
    return;
  parts = g_strsplit (text, " ", 3);
  if (g_strv_length (parts) == 3 && (pipeline = find_pipeline (self))) {
    element = gst_bin_get_by_name (GST_BIN (pipeline), parts[0]);
    if (element) {
      if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), parts[1]))
        gst_util_set_object_arg (G_OBJECT (element), parts[1], parts[2]);
      gst_object_unref (element);
    }
    gst_object_unref (pipeline);
  }
  g_strfreev (parts);
}

static gint
even (gdouble v)
{
  return 2 * (gint) (v / 2.0 + (v < 0 ? -0.5 : 0.5));
}

/* Moves the compositor's pads to where they should be at running time `at`: they count for the next picture composed. */
static void
apply_layout (TesseraControl * self, GstClockTime at)
{
  guint i;
  for (i = 0; i < MAX_SLOTS; i++) {
    Slot *s = &self->slots[i];
    Place p;
    GstPad *pad;
    gint z;
    gboolean changed_z;
    GST_OBJECT_LOCK (self);
    if (!s->used || !s->moving) {
      GST_OBJECT_UNLOCK (self);
      continue;
    }
    if (s->start == GST_CLOCK_TIME_NONE)
      s->start = at;
    if (s->length == 0 || at >= s->start + s->length) {
      s->now = s->to;
      s->moving = FALSE;
    } else {
      gdouble t = (gdouble) (at - s->start) / (gdouble) s->length;
      gdouble e = t < 0.5 ? 4 * t * t * t : 1 - (2 - 2 * t) * (2 - 2 * t) * (2 - 2 * t) / 2;
      s->now.x = s->from.x + (s->to.x - s->from.x) * e;
      s->now.y = s->from.y + (s->to.y - s->from.y) * e;
      s->now.w = s->from.w + (s->to.w - s->from.w) * e;
      s->now.h = s->from.h + (s->to.h - s->from.h) * e;
      s->now.alpha = s->from.alpha + (s->to.alpha - s->from.alpha) * e;
    }
    p = s->now;
    z = s->z;
    changed_z = s->applied_z != z;
    s->applied_z = z;
    GST_OBJECT_UNLOCK (self);
    if (!self->compositor) {
      GstElement *pipeline = find_pipeline (self);
      if (pipeline) {
        self->compositor = gst_bin_get_by_name (GST_BIN (pipeline), self->compositor_name);
        gst_object_unref (pipeline);
      }
      if (!self->compositor)
        return;
    }
    if (!s->pad) {
      gchar name[16];
      g_snprintf (name, sizeof name, "sink_%u", i);
      s->pad = gst_element_get_static_pad (self->compositor, name);
    }
    pad = s->pad;
    if (!pad)
      continue;
    g_object_set (pad, "xpos", even (p.x), "ypos", even (p.y), "width", MAX (2, even (p.w)), "height", MAX (2, even (p.h)), "alpha",
        CLAMP (p.alpha, 0.0, 1.0), NULL);
    if (changed_z)
      g_object_set (pad, "zorder", (guint) MAX (0, z), NULL);
  }
}

static inline guint8
mix (guint8 under, guint8 over, guint alpha)
{
  return (guint8) ((under * (255 - alpha) + over * alpha + 127) / 255);
}

static void
blend (const Picture * p, const Place * place, GstVideoFrame * frame)
{
  gint left = even (place->x), top = even (place->y), right = left + even (place->w), bottom = top + even (place->h);
  gint x0 = even (p->x < 0 ? right + p->x - p->w + 1 : left + p->x);
  gint y0 = even (p->y < 0 ? bottom + p->y - p->h + 1 : top + p->y);
  gint width = GST_VIDEO_FRAME_WIDTH (frame) & ~1, height = GST_VIDEO_FRAME_HEIGHT (frame) & ~1;
  gint from_x, from_y, to_x, to_y, i, j;
  guint factor = (guint) (CLAMP (place->alpha, 0.0, 1.0) * 256.0);
  from_x = MAX (0, MAX (left, 0) - x0);
  from_y = MAX (0, MAX (top, 0) - y0);
  to_x = MIN (p->w, MIN (right, width) - x0);
  to_y = MIN (p->h, MIN (bottom, height) - y0);
  if (to_x <= from_x || to_y <= from_y || factor == 0)
    return;
  for (j = from_y; j < to_y; j++) {
    guint8 *out = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 0) + (gsize) (y0 + j) * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0) + x0;
    const guint8 *in = p->luma + (gsize) j * p->w * 2;
    for (i = from_x; i < to_x; i++) {
      guint a = in[i * 2 + 1];
      if (a)
        out[i] = mix (out[i], in[i * 2], a * factor >> 8);
    }
  }
  for (j = from_y / 2; j < to_y / 2; j++) {
    guint8 *u = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 1) + (gsize) (y0 / 2 + j) * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 1) + x0 / 2;
    guint8 *v = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 2) + (gsize) (y0 / 2 + j) * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 2) + x0 / 2;
    const guint8 *in = p->chroma + (gsize) j * (p->w / 2) * 3;
    for (i = from_x / 2; i < to_x / 2; i++) {
      guint a = in[i * 3 + 2] * factor >> 8;
      if (a) {
        u[i] = mix (u[i], in[i * 3], a);
        v[i] = mix (v[i], in[i * 3 + 1], a);
      }
    }
  }
}

static void
blend_pictures (TesseraControl * self, GstBuffer * buffer)
{
  GstVideoFrame frame;
  gint i;
  gboolean any = FALSE;
  Place canvas = { 0, 0, GST_VIDEO_INFO_WIDTH (&self->info), GST_VIDEO_INFO_HEIGHT (&self->info), 1.0 };
  GST_OBJECT_LOCK (self);
  for (i = 0; i < MAX_PICTURES && !any; i++)
    any = self->pictures[i] != NULL;
  if (any && gst_video_frame_map (&frame, &self->info, buffer, GST_MAP_READWRITE)) {
    for (i = 0; i < MAX_PICTURES; i++) {
      const Picture *p = self->pictures[i];
      if (!p)
        continue;
      if (p->slot < 0)
        blend (p, &canvas, &frame);
      else if (self->slots[p->slot].used && self->slots[p->slot].now.alpha > 0)
        blend (p, &self->slots[p->slot].now, &frame);
    }
    gst_video_frame_unmap (&frame);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
push_keyframe_if_due (TesseraControl * self, GstBaseTransform * trans, GstClockTime running)
{
  gint fps_n = GST_VIDEO_INFO_FPS_N (&self->info), fps_d = MAX (1, GST_VIDEO_INFO_FPS_D (&self->info));
  gint64 frame, second = MAX (1, fps_n / fps_d);
  gboolean due;
  if (fps_n <= 0)
    return;
  frame = (gint64) gst_util_uint64_scale_round (running, fps_n, (guint64) fps_d * GST_SECOND) + self->frame_offset;
  GST_OBJECT_LOCK (self);
  /* The first picture is an IDR anyhow, and must not be asked for: GStreamer 1.22's video encoder would note that request 1000 hours
   * in the future (x264enc's offset) and refuse all later ones. */
  due = self->frames > 0 && self->grid > 0 && frame % self->grid == 0;
  if (self->frames == 0)
    self->last_key_frame = frame;
  /* one on request only where the grid brings none at once */
  if (self->frames > 0 && !due && self->keyframe_wanted && frame - self->last_key_frame >= second)
    due = TRUE;
  if (due) {
    self->keyframe_wanted = FALSE;
    self->last_key_frame = frame;
    self->key_count++;
  }
  self->frames++;
  GST_OBJECT_UNLOCK (self);
  if (due)
    gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (trans),
        gst_video_event_new_downstream_force_key_unit (running, running, running, TRUE, self->key_count));
}

static GstFlowReturn
tessera_control_transform_ip (GstBaseTransform * trans, GstBuffer * buffer)
{
  TesseraControl *self = SELF (trans);
  GstClockTime running = gst_segment_to_running_time (&trans->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (running))
    return GST_FLOW_OK;
  push_keyframe_if_due (self, trans, running);
  blend_pictures (self, buffer);
  apply_layout (self, running);
  return GST_FLOW_OK;
}

static gboolean
tessera_control_set_caps (GstBaseTransform * trans, GstCaps * in, GstCaps * out)
{
  (void) out;
  return gst_video_info_from_caps (&SELF (trans)->info, in);
}

static void
tessera_control_set_property (GObject * object, guint id, const GValue * value, GParamSpec * spec)
{
  TesseraControl *self = SELF (object);
  const gchar *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : NULL;
  switch (id) {
    case PROP_BASE_TIME:
      set_base_time (self, text);
      break;
    case PROP_FRAME_OFFSET:
      self->frame_offset = text ? g_ascii_strtoll (text, NULL, 10) : 0;
      break;
    case PROP_GRID:
      self->grid = text ? g_ascii_strtoll (text, NULL, 10) : 0;
      break;
    case PROP_KEYFRAME:
      GST_OBJECT_LOCK (self);
      self->keyframe_wanted = g_value_get_boolean (value);
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_LAYOUT:
      set_layout (self, text);
      break;
    case PROP_PICTURE:
      set_picture (self, text);
      break;
    case PROP_SET:
      set_other (self, text);
      break;
    case PROP_COMPOSITOR:
      g_free (self->compositor_name);
      self->compositor_name = g_strdup (text);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

static void
tessera_control_get_property (GObject * object, guint id, GValue * value, GParamSpec * spec)
{
  TesseraControl *self = SELF (object);
  switch (id) {
    case PROP_BASE_TIME:
      g_value_take_string (value, get_base_time (self));
      break;
    case PROP_FRAME_OFFSET:
      g_value_take_string (value, g_strdup_printf ("%" G_GINT64_FORMAT, self->frame_offset));
      break;
    case PROP_GRID:
      g_value_take_string (value, g_strdup_printf ("%" G_GINT64_FORMAT, self->grid));
      break;
    case PROP_KEYFRAME:
      g_value_set_boolean (value, self->keyframe_wanted);
      break;
    case PROP_COMPOSITOR:
      g_value_set_string (value, self->compositor_name);
      break;
    case PROP_FRAMES:
      g_value_take_string (value, g_strdup_printf ("%" G_GUINT64_FORMAT, self->frames));
      break;
    case PROP_LAYOUT:
    case PROP_PICTURE:
    case PROP_SET:
      g_value_set_string (value, "");
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

static void
tessera_control_finalize (GObject * object)
{
  TesseraControl *self = SELF (object);
  gint i;
  for (i = 0; i < MAX_PICTURES; i++)
    free_picture (self->pictures[i]);
  for (i = 0; i < MAX_SLOTS; i++)
    gst_clear_object (&self->slots[i].pad);
  gst_clear_object (&self->compositor);
  g_free (self->compositor_name);
  G_OBJECT_CLASS (tessera_control_parent_class)->finalize (object);
}

static void
tessera_control_init (TesseraControl * self)
{
  gint i;
  self->compositor_name = g_strdup ("comp");
  for (i = 0; i < MAX_SLOTS; i++)
    self->slots[i].applied_z = -1;
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), FALSE);
}

static void
add_text (GObjectClass * object, guint id, const gchar * name, const gchar * blurb, GParamFlags flags)
{
  g_object_class_install_property (object, id, g_param_spec_string (name, name, blurb, NULL, flags | G_PARAM_STATIC_STRINGS));
}

static void
tessera_control_class_init (TesseraControlClass * klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *transform = GST_BASE_TRANSFORM_CLASS (klass);
  object->set_property = tessera_control_set_property;
  object->get_property = tessera_control_get_property;
  object->finalize = tessera_control_finalize;
  add_text (object, PROP_BASE_TIME, "base-time", "Base time of the pipeline in ns", G_PARAM_READWRITE);
  add_text (object, PROP_FRAME_OFFSET, "frame-offset", "Programme frame number of running time 0", G_PARAM_READWRITE);
  add_text (object, PROP_GRID, "grid", "Frames between keyframes of the grid; 0 for none", G_PARAM_READWRITE);
  add_text (object, PROP_LAYOUT, "layout", "ms;slot x y w h z alpha;...", G_PARAM_READWRITE);
  add_text (object, PROP_PICTURE, "picture", "id slot x y w h base64 RGBA, or id to remove", G_PARAM_READWRITE);
  add_text (object, PROP_SET, "set", "element property value", G_PARAM_READWRITE);
  add_text (object, PROP_COMPOSITOR, "compositor", "Name of the compositor", G_PARAM_READWRITE);
  add_text (object, PROP_FRAMES, "frames", "Pictures since the start", G_PARAM_READABLE);
  g_object_class_install_property (object, PROP_KEYFRAME,
      g_param_spec_boolean ("keyframe", "keyframe", "Ask for one keyframe", FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "Tessera control", "Filter/Video", "Layout, pictures, clock and keyframes of a programme",
      "Tessera");
  transform->set_caps = GST_DEBUG_FUNCPTR (tessera_control_set_caps);
  transform->transform_ip = GST_DEBUG_FUNCPTR (tessera_control_transform_ip);
}

static gboolean
plugin_init (GstPlugin * plugin)
{
  return gst_element_register (plugin, "tesseracontrol", GST_RANK_NONE, tessera_control_get_type ());
}

#ifndef PACKAGE
#define PACKAGE "tessera"
#endif
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, tessera, "Elements of the Tessera mixer", plugin_init, "0.1.0", "Proprietary", "tessera",
    "https://localhost/")
