#include "canvas-texts.h"
#include <string.h>

#define MAX_MS 60000

/* The next number of a text, within ±1,000,000; FALSE when there is none. */
static gboolean
take (const gchar ** at, gint * value)
{
  gchar *end;
  gint64 v = g_ascii_strtoll (*at, &end, 10);
  if (end == *at || (*end && *end != ' ' && *end != ';'))
    return FALSE;
  *at = end;
  *value = (gint) CLAMP (v, -1000000, 1000000);
  return TRUE;
}

static gboolean
take_all (const gchar ** at, gint * values, gint count)
{
  gint i;
  for (i = 0; i < count; i++)
    if (!take (at, &values[i]))
      return FALSE;
  return TRUE;
}

static gboolean
take_slot (const gchar ** at, gint * slot)
{
  return take (at, slot) && *slot >= 0 && *slot < SCENE_SLOTS;
}

static GstClockTime
length_of (gint ms)
{
  return (GstClockTime) CLAMP (ms, 0, MAX_MS) * GST_MSECOND;
}

static const gchar *
skip_spaces (const gchar * at)
{
  while (*at == ' ')
    at++;
  return at;
}

static gboolean
parse_colour (const gchar * text, Colour * colour)
{
  gchar *end;
  guint64 rgb;
  if (*text != '#' || strlen (text) != 7 || !g_ascii_isxdigit (text[1]))
    return FALSE;
  rgb = g_ascii_strtoull (text + 1, &end, 16);
  if (*end)
    return FALSE;
  *colour = paint_colour ((guint8) (rgb >> 16), (guint8) (rgb >> 8), (guint8) rgb);
  return TRUE;
}

static void
say_feed (Scene * scene, const gchar * text)
{
  gint slot;
  if (!take_slot (&text, &slot))
    return;
  text = skip_spaces (text);
  scene_set_feed (scene, slot, ring_path_allowed (text) ? text : "");
}

static void
say_still (Scene * scene, const gchar * text)
{
  gint slot;
  if (take_slot (&text, &slot))
    scene_set_still (scene, slot, *skip_spaces (text) ? still_parse (text) : NULL);
}

static void
say_layout (Scene * scene, const gchar * text)
{
  GArray *places;
  gint ms;
  if (!take (&text, &ms))
    return;
  places = g_array_new (FALSE, FALSE, sizeof (ScenePlace));
  while (*text == ';') {
    gint slot, n[7];
    text++;
    if (take_slot (&text, &slot) && take_all (&text, n, 7)) {
      ScenePlace place = { slot, n[0], n[1], n[2], n[3], n[4], n[5] != 0, n[6] != 0 };
      g_array_append_val (places, place);
    }
    while (*text && *text != ';')
      text++;
  }
  scene_set_layout (scene, (const ScenePlace *) (gpointer) places->data, places->len, length_of (ms));
  g_array_free (places, TRUE);
}

static void
say_picture (Scene * scene, const gchar * text)
{
  /* slot z x y opacity fade */
  gint id, n[6];
  ScenePicture wanted = { 0 };
  if (!take (&text, &id))
    return;
  if (take_all (&text, n, 6) && n[0] >= CANVAS_SLOT && n[0] < SCENE_SLOTS)
    wanted = (ScenePicture) { picture_parse (text, n[4]), n[0], n[1], n[2], n[3], length_of (n[5]) };
  scene_set_picture (scene, id, &wanted);
}

static void
say_border (Scene * scene, const gchar * text)
{
  gint slot, thickness;
  Colour colour = { 0, 0, 0 };
  if (!take_slot (&text, &slot))
    return;
  if (!take (&text, &thickness) || !parse_colour (skip_spaces (text), &colour))
    thickness = 0;
  scene_set_border (scene, slot, thickness, colour);
}

static void
say_background (Scene * scene, const gchar * text)
{
  Colour colour;
  if (parse_colour (text, &colour))
    scene_set_background (scene, colour);
}

const CanvasText canvas_texts[CANVAS_TEXTS] = {
  {"feed", "slot path, or slot", say_feed},
  {"still", "slot w h base64 RGBA, or slot", say_still},
  {"layout", "ms;slot x y w h z visible contain;...", say_layout},
  {"picture", "id slot z x y opacity fadeMs w h base64 RGBA, or id", say_picture},
  {"border", "slot thickness #rrggbb, or slot", say_border},
  {"background", "#rrggbb", say_background},
};
