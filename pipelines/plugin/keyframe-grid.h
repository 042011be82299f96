/* When an IDR is due: at each frame of the grid, on request at most one a second, behind a hole. No lock of its own. */
#pragma once
#include <glib.h>

typedef struct {
  gint64 every;                 /* frames; 0: no grid */
  gboolean wanted;              /* on request, as soon as allowed */
  gboolean forced;              /* behind a hole, at once */
  gint64 last;                  /* frame of the last IDR */
  guint count;                  /* of IDRs asked for */
} KeyframeGrid;

/* Before the first picture, also that of a second start. */
void keyframe_grid_start (KeyframeGrid * grid);
/* The number (1, 2, …) of the IDR to ask for at this programme frame, or 0 for none. `first`: no picture was made before. */
guint keyframe_grid_take (KeyframeGrid * grid, gint64 frame, gint frame_rate, gboolean first);
