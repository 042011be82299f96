/**
 * What the mixer's process can tell the canvas (pipelines/plugin), in the words of the mixer. Pixels of feeds never pass through
 * here: the canvas reads the frame rings by itself, once per output picture, and scales a new picture once to the size it is shown at.
 *
 * A slot is a tile: it shows its feed's newest picture, or its still (avatar, "+N") as long as the feed has none.
 */
import type { VideoRendition } from '../domain/rendition.ts';

/** Slots cost nothing while unused. */
export const CANVAS_SLOTS = 64;

export interface Rgba {
  width: number;
  height: number;
  /** RGBA, not premultiplied, `4 × width × height` bytes. */
  pixels: Buffer;
}

/** Where a slot goes; even pixels. A slot that is not visible fades out where it is. */
export interface SlotPlace {
  slot: number;
  x: number;
  y: number;
  width: number;
  height: number;
  z: number;
  visible: boolean;
  fit: 'cover' | 'contain';
}

/** A picture drawn over a slot (moves, fades and is clipped with it) or over the canvas. */
export interface PlacedPicture extends Rgba {
  /** Undefined: the canvas. */
  slot?: number;
  /** Order among the pictures of the canvas; below 0 behind all tiles. Pictures of slots are as high as their slot. */
  z: number;
  /**
   * Pixels from the left or top edge; negative: the distance of its right or bottom edge from the right or bottom edge. With
   * `contain` a slot's pictures and border keep to what is shown of it, which may be smaller than the slot.
   */
  x: number;
  y: number;
  /** 0…1, on top of the picture's own. Default 1. */
  opacity?: number;
  /** Comes and goes over so long; 0 at once. */
  fadeMs?: number;
}

export interface Canvas {
  /** @param ring path of the feed's frame ring; undefined: no picture any more, the still shows at once */
  setFeed(slot: number, ring: string | undefined): void;
  setStill(slot: number, still: Rgba | undefined): void;
  /** Eased over `transitionMs`; a slot that was not visible comes in at its place. */
  setLayout(transitionMs: number, places: readonly SlotPlace[]): void;
  /** @param id replaces the picture of the same id; `undefined` removes it */
  setPicture(id: number, picture: PlacedPicture | undefined): void;
  /** Drawn inside the slot's edge. */
  setBorder(slot: number, border: { thickness: number; colour: string } | undefined): void;
  /** `#rrggbb`. */
  setBackground(colour: string): void;
  /** 2: only each second picture is composed and encoded; units then last two frames. */
  setFrameStep(step: 1 | 2): void;
  /** Of the pictures composed, this rendition encodes each `step`-th. */
  setRenditionStep(rendition: VideoRendition, step: 1 | 2 | 4): void;
}

/** Since the start, except where it says otherwise. */
export interface CanvasFigures {
  /** Pictures composed. */
  frames: number;
  /** Places of the grid left out because composing was too late. */
  skipped: number;
  /** Mean time to compose one, over the last second, µs. */
  composeUs: number;
  /** How late the last picture left the source against its deadline, ms. */
  lateMs: number;
  /** Pictures of feeds that were overwritten while being read. */
  torn: number;
  /** Pictures that were scaled to the size of their tile. */
  scaled: number;
}
