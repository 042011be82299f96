/** What the tests of the canvas share: one of 320×180 at 30 a second over a dark blue, and its slots. */
import type { SlotPlace } from '../../src/mixer/canvas.ts';
import { CanvasRig, type Yuv } from './canvas-rig.ts';

export const WIDTH = 320;
export const HEIGHT = 180;
/** The background: BT.601 limited of #203040. */
export const NIGHT: Yuv = [54, 139, 116];

export async function openCanvas(): Promise<CanvasRig> {
  const rig = await CanvasRig.open(WIDTH, HEIGHT, 30);
  rig.call('setBackground', '#203040');
  return rig;
}

export function place(slot: number, x: number, y: number, width: number, height: number, more: Partial<SlotPlace> = {}): SlotPlace {
  return { slot, x, y, width, height, z: 1, visible: true, fit: 'cover', ...more };
}

/** Takes away what a test before has left in the first eight slots. */
export function clear(rig: CanvasRig): void {
  rig.call('setLayout', 0, Array.from({ length: 8 }, (_, slot) => place(slot, 0, 0, 2, 2, { visible: false })));
  for (let slot = 0; slot < 8; slot++) {
    rig.call('setFeed', slot, undefined);
    rig.call('setStill', slot, undefined);
  }
}
