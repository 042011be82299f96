/**
 * The mixer's words to the canvas as texts for the properties of `tesseracanvas` (pipelines/plugin/canvas-properties.c, canvas-texts.h):
 * the binding can set nothing else.
 */
import type * as Gst from 'gstreamer-superficial';
import type { Canvas, CanvasFigures, PlacedPicture, Rgba, SlotPlace } from './canvas.ts';

const CANVAS = -1;

/** `w h base64`. */
function rgbaText({ width, height, pixels }: Rgba): string {
  return `${width} ${height} ${pixels.toString('base64')}`;
}

export class CanvasElement implements Omit<Canvas, 'setRenditionStep'> {
  constructor(private readonly element: Gst.GstElement) {}

  setFeed(slot: number, ring: string | undefined): void {
    this.element['feed'] = ring === undefined ? String(slot) : `${slot} ${ring}`;
  }

  setStill(slot: number, still: Rgba | undefined): void {
    this.element['still'] = still ? `${slot} ${rgbaText(still)}` : String(slot);
  }

  setLayout(transitionMs: number, places: readonly SlotPlace[]): void {
    const texts = places.map((p) => `${p.slot} ${p.x} ${p.y} ${p.width} ${p.height} ${p.z} ${p.visible ? 1 : 0} ${p.fit === 'contain' ? 1 : 0}`);
    this.element['layout'] = [Math.round(transitionMs), ...texts].join(';');
  }

  setPicture(id: number, picture: PlacedPicture | undefined): void {
    if (!picture) {
      this.element['picture'] = String(id);
      return;
    }
    const { slot = CANVAS, z, x, y, opacity = 1, fadeMs = 0 } = picture;
    this.element['picture'] = `${id} ${slot} ${z} ${x} ${y} ${Math.round(opacity * 1000)} ${Math.round(fadeMs)} ${rgbaText(picture)}`;
  }

  setBorder(slot: number, border: { thickness: number; colour: string } | undefined): void {
    this.element['border'] = border ? `${slot} ${Math.round(border.thickness)} ${border.colour}` : String(slot);
  }

  setBackground(colour: string): void {
    this.element['background'] = colour;
  }

  setFrameStep(step: 1 | 2): void {
    this.element['frame-step'] = String(step);
  }

  /** One IDR, at most one a second. */
  requestKeyframe(): void {
    this.element['keyframe'] = true;
  }

  figures(): CanvasFigures {
    const [frames = 0, skipped = 0, composeUs = 0, lateUs = 0, torn = 0, scaled = 0] = String(this.element['stats'] ?? '').split(' ').map(Number);
    return { frames, skipped, composeUs, lateMs: lateUs / 1000, torn, scaled };
  }
}
