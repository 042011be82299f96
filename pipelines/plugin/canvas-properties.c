/*
 * The properties of tesseracanvas. Texts, as the Node binding can set only these (and passes numbers through floats):
 *  - base-time    ns: the pipeline's base time, set before it plays, so that running time 0 is on the programme's grid.
 *  - frame-offset programme frame number of running time 0.
 *  - grid         an IDR at each programme frame that is a multiple of it; one event before the tee, so that all encoders cut together.
 *  - keyframe     (boolean) one IDR as soon as allowed; at most one a second, those of the grid counted.
 *  - frame-step   2: only even programme frames, which then last two. They are composed when their first frame's span is over.
 *  - stats        (read) "frames skipped composeUs lateUs torn scaled"
 *  - what is to be seen: canvas-texts.h.
 */
#include "canvas-element.h"
#include "canvas-texts.h"

/* A picture is stamped when it arrives and is in the ring up to some ms later. */
#define DEFAULT_SLACK_US 4000
#define DEFAULT_WIDTH 1280
#define DEFAULT_HEIGHT 720
#define DEFAULT_FRAME_RATE 30

enum { PROP_0, PROP_WIDTH, PROP_HEIGHT, PROP_FRAME_RATE, PROP_SLACK, PROP_BASE_TIME, PROP_FRAME_OFFSET, PROP_GRID, PROP_KEYFRAME, PROP_FRAME_STEP,
  PROP_FRAMES, PROP_STATS, PROP_TEXTS   /* and one for each of canvas_texts */
};

#define SELF(o) ((TesseraCanvas *) (o))

/* The text of this property, or NULL when it is another. */
static const CanvasText *
canvas_text (guint id)
{
  return id >= PROP_TEXTS && id < PROP_TEXTS + CANVAS_TEXTS ? &canvas_texts[id - PROP_TEXTS] : NULL;
}

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

static void
set_size (TesseraCanvas * self, gint * side, gint value)
{
  *side = even_down (value);
  scene_resize (self->scene, self->width, self->height);
}

static void
set_number (TesseraCanvas * self, gint64 * number, const gchar * text)
{
  gint64 value = g_ascii_strtoll (text, NULL, 10);
  GST_OBJECT_LOCK (self);
  *number = MAX (0, value);
  GST_OBJECT_UNLOCK (self);
}

static void
set_property (GObject * object, guint id, const GValue * value, GParamSpec * spec)
{
  TesseraCanvas *self = SELF (object);
  const CanvasText *seen = canvas_text (id);
  const gchar *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : NULL;
  if (G_VALUE_HOLDS_STRING (value) && !text)
    return;
  if (seen) {
    seen->say (self->scene, text);
    return;
  }
  switch (id) {
    case PROP_WIDTH:
      set_size (self, &self->width, g_value_get_int (value));
      break;
    case PROP_HEIGHT:
      set_size (self, &self->height, g_value_get_int (value));
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
      set_number (self, &self->keyframes.every, text);
      break;
    case PROP_KEYFRAME:
      GST_OBJECT_LOCK (self);
      self->keyframes.wanted = g_value_get_boolean (value);
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_FRAME_STEP:
      GST_OBJECT_LOCK (self);
      self->frame_step = g_ascii_strtoll (text, NULL, 10) == 2 ? 2 : 1;
      GST_OBJECT_UNLOCK (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

/* What is behind the object lock. Called with it held; FALSE for any other property. */
static gboolean
get_locked (TesseraCanvas * self, guint id, GValue * value)
{
  switch (id) {
    case PROP_FRAME_OFFSET:
      g_value_take_string (value, g_strdup_printf ("%" G_GINT64_FORMAT, self->frame_offset));
      return TRUE;
    case PROP_GRID:
      g_value_take_string (value, g_strdup_printf ("%" G_GINT64_FORMAT, self->keyframes.every));
      return TRUE;
    case PROP_KEYFRAME:
      g_value_set_boolean (value, self->keyframes.wanted);
      return TRUE;
    case PROP_FRAME_STEP:
      g_value_set_string (value, self->frame_step == 2 ? "2" : "1");
      return TRUE;
    case PROP_FRAMES:
      g_value_take_string (value, g_strdup_printf ("%" G_GUINT64_FORMAT, self->frames));
      return TRUE;
    case PROP_STATS:
      g_value_take_string (value, g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %u %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
              self->frames, self->skipped, self->compose_us, self->late_us, self->counts_told.torn,
              self->counts_told.scaled));
      return TRUE;
    default:
      return FALSE;
  }
}

static void
get_property (GObject * object, guint id, GValue * value, GParamSpec * spec)
{
  TesseraCanvas *self = SELF (object);
  gboolean found;
  GST_OBJECT_LOCK (self);
  found = get_locked (self, id, value);
  GST_OBJECT_UNLOCK (self);
  if (found)
    return;
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
    default:
      if (canvas_text (id))
        g_value_set_string (value, "");
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
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

void
canvas_properties_install (GObjectClass * object)
{
  guint i;
  object->set_property = set_property;
  object->get_property = get_property;
  add_number (object, PROP_WIDTH, "width", "Pixels, even", 16, 4096, DEFAULT_WIDTH);
  add_number (object, PROP_HEIGHT, "height", "Pixels, even", 16, 4096, DEFAULT_HEIGHT);
  add_number (object, PROP_FRAME_RATE, "frame-rate", "Pictures per second", 1, 120, DEFAULT_FRAME_RATE);
  add_number (object, PROP_SLACK, "slack", "Microseconds to wait after the end of a picture's span", 0, 100000, DEFAULT_SLACK_US);
  add_text (object, PROP_BASE_TIME, "base-time", "Base time of the pipeline in ns", G_PARAM_READWRITE);
  add_text (object, PROP_FRAME_OFFSET, "frame-offset", "Programme frame number of running time 0", G_PARAM_READWRITE);
  add_text (object, PROP_GRID, "grid", "Frames between keyframes of the grid; 0 for none", G_PARAM_READWRITE);
  add_text (object, PROP_FRAME_STEP, "frame-step", "1, or 2 for every second picture", G_PARAM_READWRITE);
  for (i = 0; i < CANVAS_TEXTS; i++)
    add_text (object, PROP_TEXTS + i, canvas_texts[i].name, canvas_texts[i].form, G_PARAM_READWRITE);
  add_text (object, PROP_FRAMES, "frames", "Pictures since the start", G_PARAM_READABLE);
  add_text (object, PROP_STATS, "stats", "frames skipped composeUs lateUs torn scaled", G_PARAM_READABLE);
  g_object_class_install_property (object, PROP_KEYFRAME,
      g_param_spec_boolean ("keyframe", "keyframe", "Ask for one keyframe", FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

void
canvas_properties_init (TesseraCanvas * self)
{
  self->width = DEFAULT_WIDTH;
  self->height = DEFAULT_HEIGHT;
  self->frame_rate = DEFAULT_FRAME_RATE;
  self->slack_us = DEFAULT_SLACK_US;
  self->frame_step = 1;
}
