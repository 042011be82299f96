/*
 * The texts that say what is to be seen, one property of tesseracanvas each. Parsed here into calls on the scene; what makes no
 * sense is left out.
 *  - feed         "slot path" of a frame ring, "slot" for none.
 *  - still        "slot w h base64": RGBA shown while the feed has no picture; "slot" removes it.
 *  - layout       "ms;slot x y w h z visible contain;…"
 *  - picture      "id slot z x y opacity fadeMs w h base64": RGBA; slot -1 is the canvas, opacity 0…1000. "id" removes it.
 *  - border       "slot thickness #rrggbb"; "slot" removes it.
 *  - background   "#rrggbb"
 */
#pragma once
#include "scene.h"

typedef struct {
  const gchar *name, *form;
  void (*say) (Scene * scene, const gchar * text);
} CanvasText;

#define CANVAS_TEXTS 6
extern const CanvasText canvas_texts[CANVAS_TEXTS];
