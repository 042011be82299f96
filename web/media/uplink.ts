import type { UplinkWish } from '../../src/domain/uplink.ts';

/** What a sender's encoding is set to. */
export interface Encoding {
  /** Never below 1: nothing is sent larger than it was taken. */
  scaleResolutionDownBy: number;
  maxFramerate: number;
  maxBitrate: number;
}

/** Closer to the whole picture than this is not worth a scaling. */
const WHOLE_BELOW = 1.06;
const SAME_SHAPE = 1.02;
/** What a publisher sends before it is told, and to a service that tells nothing: fit for a tile of a small grid. */
export const FIRST_WISH: Record<UplinkWish['source'], UplinkWish> = {
  camera: { source: 'camera', width: 640, height: 360, frameRate: 30, maxBitrateBps: 1_200_000, shown: true },
  screen: { source: 'screen', width: 1280, height: 720, frameRate: 15, maxBitrateBps: 1_500_000, shown: true },
};

/**
 * The encoding that sends a track of this size (pixels, as its settings say; unknown for some tracks) as it is wished for.
 * A camera is compared by area, so that an upright phone in a wide tile neither sends four times what is shown nor becomes a
 * stamp. A screen is shown whole, so the tighter side decides.
 */
export function encodingFor(track: { width?: number; height?: number }, wish: UplinkWish): Encoding {
  return { scaleResolutionDownBy: scaleFor(track, wish), maxFramerate: Math.max(1, wish.frameRate), maxBitrate: Math.max(30_000, wish.maxBitrateBps) };
}

function scaleFor({ width, height }: { width?: number; height?: number }, wish: UplinkWish): number {
  if (!width || !height || wish.width <= 0 || wish.height <= 0) return 1;
  const [less, more] = [width / wish.width, height / wish.height].sort((a, b) => a - b) as [number, number];
  // 426×240 is not quite 16:9; of 1280×720 a third is meant
  const scale = more / less < SAME_SHAPE ? less : wish.source === 'screen' ? more : Math.sqrt(less * more);
  return scale < WHOLE_BELOW ? 1 : Math.round(scale * 1000) / 1000;
}

/** Whether a sender that has `current` has to be told anything. */
export function differs(current: Partial<Encoding>, wanted: Encoding): boolean {
  return (current.scaleResolutionDownBy ?? 1) !== wanted.scaleResolutionDownBy || current.maxFramerate !== wanted.maxFramerate || current.maxBitrate !== wanted.maxBitrate;
}

/** The wish for one source among those that were sent; undefined leaves what is. */
export function wishFor(wishes: readonly UplinkWish[], source: UplinkWish['source']): UplinkWish | undefined {
  return wishes.find((wish) => wish.source === source);
}
