/* What one slot shows: the newest picture of its feed's ring, or its still; scaled once per new picture or size. */
#pragma once
#include "picture.h"
#include "ring.h"

typedef enum { VIEW_EMPTY, VIEW_FEED, VIEW_STILL } ViewContent;

typedef struct {
  gchar path[RING_PATH_MAX];
  Ring ring;
  guint feed_serial;
  gint64 set_ns, retry_ns;
  guint64 sequence;             /* of the picture shown; 0 when it is from an earlier ring of the same feed */
  guint still_serial;
  ViewContent content;
  /* what `shown` was made for */
  gint width, height;
  gboolean contain;
  Box inside;                   /* of `shown` in width×height */
  Tile shown, spare;
} View;

/* A feed's ring, or "" for none. Pictures older than 500 ms at `set_ns` are never shown. */
void view_set_feed (View * view, const gchar * path, gint64 set_ns);
/* What was done since the start. */
typedef struct {
  guint64 scaled;               /* pictures scaled, also those that were torn */
  guint64 torn;                 /* pictures overwritten while being scaled */
} ViewCounts;

/* Brings view->shown up to date with what came before `before_ns`. */
void view_update (View * view, gint width, gint height, gboolean contain, const Still * still, guint64 before_ns, gint64 now_ns,
    Workspace * space, ViewCounts * counts);
void view_clear (View * view);
