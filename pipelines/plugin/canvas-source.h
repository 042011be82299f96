#pragma once
#include <gst/gst.h>

GType tessera_canvas_get_type (void);
GType tessera_thin_get_type (void);
