/* The elements of the Tessera mixer: tesseracanvas (canvas-source.c, canvas-properties.c) and tesserathin (thin.c). */
#include "canvas-source.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  return gst_element_register (plugin, "tesseracanvas", GST_RANK_NONE, tessera_canvas_get_type ())
      && gst_element_register (plugin, "tesserathin", GST_RANK_NONE, tessera_thin_get_type ());
}

#ifndef PACKAGE
#define PACKAGE "tessera"
#endif
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, tessera, "Elements of the Tessera mixer", plugin_init, "0.2.0", "Proprietary", "tessera",
    "https://localhost/")
