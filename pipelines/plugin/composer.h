/* Paints one output picture: what the scene plans, with the newest pictures of the feeds. The streaming thread's own. */
#pragma once
#include "scene.h"
#include "view.h"

typedef struct {
  Plan plan;
  View views[SCENE_SLOTS];
  Workspace space;
  ViewCounts counts;
} Composer;

/* The picture of running time `at`, from what was stamped before `before_ns` (host monotonic, like `now_ns`). */
void composer_paint (Composer * composer, Scene * scene, Surface * on, GstClockTime at, guint64 before_ns, gint64 now_ns);
void composer_clear (Composer * composer);
