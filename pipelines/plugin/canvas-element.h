/* What tesseracanvas consists of, for the two files that are the element: canvas-source.c and canvas-properties.c. */
#pragma once
#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>
#include "composer.h"
#include "keyframe-grid.h"

typedef struct {
  GstPushSrc parent;
  Scene *scene;                 /* has a lock of its own */
  gint width, height, frame_rate, slack_us;

  /* behind the object lock */
  gint64 frame_offset;
  gint frame_step;
  KeyframeGrid keyframes;
  GstClockID waiting;
  gboolean unlocked;
  guint64 frames, skipped;
  ViewCounts counts_told;
  guint compose_us;
  gint64 late_us;

  /* the streaming thread's own */
  GstBufferPool *pool;
  GstVideoInfo info;
  Composer composer;
  gboolean started;
  guint64 next;                 /* running frame number */
  gint64 second_began_us, second_us;
  guint second_frames;
} TesseraCanvas;

/* Sets every property to its default. */
void canvas_properties_init (TesseraCanvas * self);
void canvas_properties_install (GObjectClass * object);
