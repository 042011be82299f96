/*
 * What is to be seen: slots and their places, transitions, pictures. The mixer changes it from its thread; once per output picture
 * the canvas takes a plan from it. One lock, held for neither.
 */
#pragma once
#include <gst/gst.h>
#include "picture.h"
#include "ring.h"

#define SCENE_SLOTS 64
#define SCENE_PICTURES 256
#define CANVAS_SLOT -1

typedef struct _Scene Scene;

/* Where a slot is to go. */
typedef struct {
  gint slot, x, y, width, height, z;
  gboolean visible, contain;
} ScenePlace;

typedef struct {
  Picture *picture;
  gint slot, z, x, y;           /* x, y below 0 count from the right and lower edge: -1 touches it */
  GstClockTime fade;
} ScenePicture;

typedef struct {
  gint slot, z;
  Box box;                      /* even */
  guint alpha;                  /* 1…256 */
  gboolean contain;
  gint border;
  Colour border_colour;
  Still *still;                 /* a reference, or NULL */
} PlanTile;

typedef struct {
  Picture *picture;             /* a reference */
  gint slot, z, x, y;
  guint alpha;
} PlanPicture;

typedef struct {
  Colour background;
  PlanTile tiles[SCENE_SLOTS];  /* the lowest first */
  guint tile_count;
  PlanPicture pictures[SCENE_PICTURES]; /* the lowest first */
  guint picture_count;
  guint feeds[SCENE_SLOTS];     /* changes when the slot's feed does */
} Plan;

Scene *scene_new (void);
void scene_free (Scene * scene);
void scene_resize (Scene * scene, gint width, gint height);

/* Slots are 0…SCENE_SLOTS - 1, of pictures also CANVAS_SLOT; whoever calls has checked them. */
/* `path` "" for none, otherwise one that ring_path_allowed(). */
void scene_set_feed (Scene * scene, gint slot, const gchar * path);
/* Takes the reference; NULL removes it. */
void scene_set_still (Scene * scene, gint slot, Still * still);
void scene_set_layout (Scene * scene, const ScenePlace * places, guint count, GstClockTime length);
/* Takes the reference; without one the picture of this id fades out. */
void scene_set_picture (Scene * scene, gint id, const ScenePicture * picture);
/* Thickness 0 removes it. */
void scene_set_border (Scene * scene, gint slot, gint thickness, Colour colour);
void scene_set_background (Scene * scene, Colour colour);

/* What is seen at running time `at`, which must not go back. Transitions begin with the first plan after they were asked for. */
void scene_plan (Scene * scene, GstClockTime at, Plan * plan);
void scene_release (Plan * plan);
/* The slot's ring ("" for none) and when it was set (host monotonic ns). */
gint64 scene_feed (Scene * scene, gint slot, gchar path[RING_PATH_MAX]);
