/** What a publisher is asked to send: as large as it is shown, not larger (Socket.IO `uplink`). Pure rule. */
import type { SourceKind } from './room.ts';

export interface UplinkWish {
  source: SourceKind;
  /** Largest useful picture, pixels: one of a few sizes, so that small changes of the layout ask for nothing. */
  width: number;
  height: number;
  frameRate: number;
  maxBitrateBps: number;
  /** Not on the canvas now: a small, slow picture keeps the way on stage short. */
  shown: boolean;
}
