/** What the service asks a publisher to send (Socket.IO `uplink`), as a page hears it. */
import type { UplinkWish } from '../../src/domain/uplink.ts';

export interface UplinkOptions {
  /** Of the service: `http://127.0.0.1:8080`. */
  url: string;
  room: string;
  token: string;
  source: 'camera' | 'screen';
  onWish: (wish: UplinkWish) => void;
}

/**
 * Listens until it is closed; comes back by itself when the connection breaks.
 * socket.io-client is a package of the pages' build and may be missing in a bare installation: then nothing is followed.
 * @returns the function that ends it
 */
export function followUplink({ url, room, token, source, onWish }: UplinkOptions): () => void {
  let close: (() => void) | undefined;
  let closed = false;
  import('socket.io-client').then(
    ({ io }) => {
      if (closed) return;
      const socket = io(url, { auth: { token, room }, transports: ['websocket'], reconnectionDelayMax: 3000 });
      socket.on('uplink', (wishes: unknown) => {
        const wish = Array.isArray(wishes) ? (wishes as UplinkWish[]).find((w) => w.source === source) : undefined;
        if (wish) onWish(wish);
      });
      close = () => void socket.disconnect();
    },
    () => undefined,
  );
  return () => {
    closed = true;
    close?.();
  };
}

export interface SentPicture {
  width: number;
  height: number;
  frameRate: number;
}

/**
 * What to send of a picture that can be had as `own`: not larger and not faster than asked, in its own shape, even pixels.
 * A wish for a smaller box than the picture's shape keeps the side that is covered: tiles crop, they do not pad.
 */
export function fittedPicture(own: SentPicture, wish: SentPicture): SentPicture {
  const scale = Math.min(1, Math.max(wish.width / own.width, wish.height / own.height));
  const even = (pixels: number): number => Math.max(16, Math.round((pixels * scale) / 2) * 2);
  return {
    width: scale === 1 ? own.width : even(own.width),
    height: scale === 1 ? own.height : even(own.height),
    frameRate: Math.min(own.frameRate, wish.frameRate),
  };
}
