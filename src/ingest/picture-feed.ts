/** One publication's pictures: from the sink into the frame ring, where readers find them by its sequence number. */
import { FrameRingWriter, i420Bytes, ringDelayMs, ringPath } from '../media/frame-ring.ts';
import type { VideoFrame } from './wrtc.ts';

/** Rings grow in these steps, so that a publisher that starts small does not make one for every size on the way up. Unused parts of a file in /dev/shm take no memory. */
const RING_SIZES = [i420Bytes(1280, 720), i420Bytes(1920, 1088), i420Bytes(3840, 2160), i420Bytes(4096, 4096)];
/** A side longer than that is no camera. VP8 could carry 16383 pixels. */
const MOST_PIXELS = 4096;
/** After a failure to make a ring (a full /dev/shm), the next try. */
const RETRY_MS = 1000;

export interface PictureFeedOptions {
  instance: string;
  room: string;
  /** {@link import('../media/feed-protocol.ts').FeedInfo.index} */
  index: number;
  /** No pictures for so long: the camera is off. A shared screen that does not change may send seldom. */
  offAfterMs: number;
  /** Ring, size, rotation or `video` changed. */
  onChanged: () => void;
  onDropped: (error: unknown) => void;
}

export class PictureFeed {
  /** Path of the present ring; '' before the first picture. */
  ring = '';
  /** Pictures come. */
  video = false;
  width = 0;
  height = 0;
  /** Degrees by which it must be turned to stand upright. */
  rotation = 0;
  /** Pictures not passed on: /dev/shm full, or too large. */
  dropped = 0;
  #writer: FrameRingWriter | undefined;
  #generation = 0;
  #lastAtMs = 0;
  #retryAtMs = 0;
  #closed = false;

  constructor(private readonly options: PictureFeedOptions) {}

  /** Width ÷ height of the newest picture once it stands upright; undefined before the first one. */
  get aspect(): number | undefined {
    if (this.height === 0) return undefined;
    return this.rotation % 180 === 0 ? this.width / this.height : this.height / this.width;
  }

  /** So far ahead pictures may be stamped (sync-correction.ts): all before their time must be in the ring. */
  get mostDelayMs(): number {
    return this.#writer ? ringDelayMs(this.#writer.slots) : 0;
  }

  /** @param ptsNs when it is to be shown, on the host's monotonic clock: arrival, or a little later */
  write(frame: VideoFrame, ptsNs: bigint): void {
    if (this.#closed) return;
    const nowMs = performance.now();
    const bytes = i420Bytes(frame.width, frame.height);
    try {
      if (frame.width < 1 || frame.height < 1 || frame.width > MOST_PIXELS || frame.height > MOST_PIXELS)
        throw new RangeError(`a picture of ${frame.width}x${frame.height} is not taken; each side may have ${MOST_PIXELS} pixels`);
      const fresh = !this.#writer?.fits(bytes);
      if (fresh) {
        if (nowMs < this.#retryAtMs) {
          this.dropped++;
          return;
        }
        this.#replaceRing(bytes);
      }
      (this.#writer as FrameRingWriter).write(frame.data, frame.width, frame.height, frame.rotation, ptsNs);
      this.#lastAtMs = nowMs; // one that got no further is none: the mixer then shows the avatar instead of an old picture
      if (fresh || !this.video || frame.width !== this.width || frame.height !== this.height || frame.rotation !== this.rotation) {
        this.video = true;
        this.width = frame.width;
        this.height = frame.height;
        this.rotation = frame.rotation;
        this.options.onChanged();
      }
    } catch (error) {
      // a feed may go dark when /dev/shm is full; the room goes on
      this.dropped++;
      this.#retryAtMs = nowMs + RETRY_MS;
      this.options.onDropped(error);
    }
  }

  /** Call a few times a second: notices that pictures stopped. */
  check(nowMs: number): void {
    if (!this.video || nowMs - this.#lastAtMs < this.options.offAfterMs) return;
    this.video = false;
    this.options.onChanged();
  }

  close(): void {
    this.#closed = true;
    this.#writer?.close();
    this.#writer = undefined;
  }

  #replaceRing(bytes: number): void {
    const size = RING_SIZES.find((fits) => fits >= bytes) ?? bytes;
    const { instance, room, index } = this.options;
    const writer = new FrameRingWriter(ringPath(instance, room, process.pid, index, this.#generation++), size);
    this.#writer?.close();
    this.#writer = writer;
    this.ring = writer.path;
  }
}
