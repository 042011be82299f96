#include "keyframe-grid.h"

void
keyframe_grid_start (KeyframeGrid * grid)
{
  grid->last = G_MININT64 / 2;
}

guint
keyframe_grid_take (KeyframeGrid * grid, gint64 frame, gint frame_rate, gboolean first)
{
  gboolean on_grid = grid->every > 0 && frame % grid->every == 0;
  /* one on request only where the grid brings none at once */
  gboolean due = on_grid || grid->forced || (grid->wanted && frame - grid->last >= frame_rate);
  if (!due && !first)
    return 0;
  grid->wanted = grid->forced = FALSE;
  grid->last = frame;
  /* The first picture is an IDR anyhow, and must not be asked for: GStreamer 1.22's video encoder would note that request 1000 hours
   * in the future (x264enc's offset) and refuse all later ones. */
  return first ? 0 : ++grid->count;
}
