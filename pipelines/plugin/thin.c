/*
 * tesserathin: lets only those pictures through whose programme frame number is a multiple of `step`, and makes them last that long.
 *
 * Stands before the scaler and encoder of one rendition. It goes by the number that tesseracanvas leaves in the buffer's offset. A
 * request for a keyframe that belongs to a picture left out is held back for the next one that passes; pictures of the
 * keyframe grid (multiples of 64) always pass, as step is 1, 2, 4 or 8.
 */
#include <gst/gst.h>
#include <gst/video/video.h>
#include "canvas-source.h"

#define MAX_STEP 8

typedef struct {
  GstElement parent;
  GstPad *sink, *src;
  gint step;                    /* atomic */
  gint frame_rate;              /* of the stream; the rest is the streaming thread's too */
  GstEvent *held;
} TesseraThin;

typedef struct {
  GstElementClass parent_class;
} TesseraThinClass;

enum { PROP_0, PROP_STEP };

G_DEFINE_TYPE (TesseraThin, tessera_thin, GST_TYPE_ELEMENT)
#define SELF(o) ((TesseraThin *) (o))

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));

/* The request as it would have been for this picture. */
static GstEvent *
request_for (GstEvent * held, GstClockTime pts)
{
  GstClockTime timestamp, stream_time, running;
  gboolean headers;
  guint count;
  GstEvent *event;
  if (!gst_video_event_parse_downstream_force_key_unit (held, &timestamp, &stream_time, &running, &headers, &count) || timestamp == pts)
    return held;
  event = gst_video_event_new_downstream_force_key_unit (pts, pts, pts, headers, count);
  gst_event_unref (held);
  return event;
}

static GstFlowReturn
tessera_thin_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  TesseraThin *self = SELF (parent);
  guint64 step = (guint64) g_atomic_int_get (&self->step), frame = GST_BUFFER_OFFSET (buffer);
  (void) pad;
  if (step > 1 && frame != GST_BUFFER_OFFSET_NONE) {
    GstClockTime length;
    if (frame % step != 0) {
      gst_buffer_unref (buffer);
      return GST_FLOW_OK;
    }
    length = gst_util_uint64_scale_round (step, GST_SECOND, (guint64) MAX (1, self->frame_rate));
    if (GST_BUFFER_DURATION (buffer) < length) {
      buffer = gst_buffer_make_writable (buffer);
      GST_BUFFER_DURATION (buffer) = length;
    }
  }
  if (self->held) {
    GstEvent *event = request_for (self->held, GST_BUFFER_PTS (buffer));
    self->held = NULL;
    gst_pad_push_event (self->src, event);
  }
  return gst_pad_push (self->src, buffer);
}

static gboolean
tessera_thin_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  TesseraThin *self = SELF (parent);
  if (GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_DOWNSTREAM && gst_video_event_is_force_key_unit (event)) {
    gst_event_replace (&self->held, event);
    gst_event_unref (event);
    return TRUE;
  }
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    GstCaps *caps;
    GstVideoInfo info;
    gst_event_parse_caps (event, &caps);
    if (gst_video_info_from_caps (&info, caps) && info.fps_n > 0)
      self->frame_rate = (info.fps_n + info.fps_d / 2) / info.fps_d;
  }
  return gst_pad_event_default (pad, parent, event);
}

static void
tessera_thin_set_property (GObject * object, guint id, const GValue * value, GParamSpec * spec)
{
  gint step;
  if (id != PROP_STEP) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    return;
  }
  step = g_value_get_int (value);
  if (step == 1 || step == 2 || step == 4 || step == MAX_STEP)
    g_atomic_int_set (&SELF (object)->step, step);
}

static void
tessera_thin_get_property (GObject * object, guint id, GValue * value, GParamSpec * spec)
{
  if (id == PROP_STEP)
    g_value_set_int (value, g_atomic_int_get (&SELF (object)->step));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
tessera_thin_finalize (GObject * object)
{
  gst_clear_event (&SELF (object)->held);
  G_OBJECT_CLASS (tessera_thin_parent_class)->finalize (object);
}

static void
tessera_thin_init (TesseraThin * self)
{
  self->step = 1;
  self->frame_rate = 30;
  self->sink = gst_pad_new_from_static_template (&sink_template, "sink");
  self->src = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_chain_function (self->sink, GST_DEBUG_FUNCPTR (tessera_thin_chain));
  gst_pad_set_event_function (self->sink, GST_DEBUG_FUNCPTR (tessera_thin_event));
  GST_PAD_SET_PROXY_CAPS (self->sink);
  GST_PAD_SET_PROXY_CAPS (self->src);
  GST_PAD_SET_PROXY_ALLOCATION (self->sink);
  gst_element_add_pad (GST_ELEMENT (self), self->sink);
  gst_element_add_pad (GST_ELEMENT (self), self->src);
}

static void
tessera_thin_class_init (TesseraThinClass * klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  object->set_property = tessera_thin_set_property;
  object->get_property = tessera_thin_get_property;
  object->finalize = tessera_thin_finalize;
  g_object_class_install_property (object, PROP_STEP,
      g_param_spec_int ("step", "step", "1, 2, 4 or 8: each how many-th picture of the programme passes", 1, MAX_STEP, 1,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "Tessera thin", "Filter/Video", "Leaves pictures out by their programme frame number", "Tessera");
}
