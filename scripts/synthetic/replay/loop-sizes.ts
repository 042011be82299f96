/** The sizes that replayed publishers have ready: those of the uplink rule, and the choice among them. Pure. */
export interface LoopSize {
  name: string;
  width: number;
  height: number;
  frameRate: 15 | 30;
  bitrateBps: number;
}

/** Smallest first. */
export const LOOP_SIZES: readonly LoopSize[] = [
  { name: '160x90', width: 160, height: 90, frameRate: 15, bitrateBps: 80_000 },
  { name: '320x180', width: 320, height: 180, frameRate: 15, bitrateBps: 150_000 },
  { name: '426x240', width: 426, height: 240, frameRate: 30, bitrateBps: 380_000 },
  { name: '640x360', width: 640, height: 360, frameRate: 30, bitrateBps: 800_000 },
  { name: '1280x720', width: 1280, height: 720, frameRate: 30, bitrateBps: 1_800_000 },
];

/** The largest that is not larger than asked, nor than the publisher's own; the smallest of all when nothing is so small. */
export function loopFor(wish: { width: number }, own: LoopSize): LoopSize {
  const fitting = LOOP_SIZES.filter((size) => size.width <= wish.width && size.width <= own.width);
  return fitting[fitting.length - 1] ?? (LOOP_SIZES[0] as LoopSize);
}
