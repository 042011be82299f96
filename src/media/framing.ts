/**
 * Framing shared by the feed and the programme protocol: `u32 BE length` of what follows, `u8 type`, payload.
 * A length over the bound is a broken peer: the connection is closed.
 */
import type { Socket } from 'node:net';

export const FRAME_HEADER_BYTES = 5;
/** An IDR of 1080p at the highest rate stays far below it. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** One buffer holding header and payload parts: one write, one copy. */
export function encodeFrame(type: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 1;
  for (const part of parts) length += part.byteLength;
  const out = Buffer.allocUnsafe(4 + length);
  out.writeUInt32BE(length, 0);
  out[4] = type;
  let at = FRAME_HEADER_BYTES;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

export function encodeJsonFrame(type: number, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value)));
}

/**
 * Splits a byte stream into frames. The payload handed to `onFrame` is valid only until it returns when it was cut from one
 * chunk; copy what is kept.
 */
export class FrameReader {
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(
    private readonly onFrame: (type: number, payload: Buffer) => void,
    private readonly maxFrameBytes: number = MAX_FRAME_BYTES,
  ) {}

  /** @throws RangeError when a frame announces more than the bound. */
  push(chunk: Buffer): void {
    let data = chunk;
    if (this.#pendingBytes > 0) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      const first = this.#pending[0] as Buffer;
      if (first.length >= 4 && this.#pendingBytes < 4 + first.readUInt32BE(0)) return;
      data = Buffer.concat(this.#pending, this.#pendingBytes);
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    let at = 0;
    while (data.length - at >= 4) {
      const length = data.readUInt32BE(at);
      if (length < 1 || length > this.maxFrameBytes) throw new RangeError(`frame of ${length} bytes`);
      if (data.length - at < 4 + length) break;
      this.onFrame(data[at + 4] as number, data.subarray(at + FRAME_HEADER_BYTES, at + 4 + length));
      at += 4 + length;
    }
    if (at < data.length) {
      this.#pending = [data.subarray(at)];
      this.#pendingBytes = data.length - at;
    }
  }
}

/** Sends frames to one socket with a bound: when more than `maxQueuedBytes` wait, `send` drops the frame and counts it. */
export class FrameSender {
  /** Frames dropped because the peer reads too slowly. */
  dropped = 0;
  #waits = false;

  constructor(
    private readonly socket: Socket,
    private readonly maxQueuedBytes: number,
  ) {}

  /**
   * @param waits goes out with the next frame that does not: one write, one wake-up of the peer
   * @returns false when the frame was dropped
   */
  send(frame: Buffer, waits = false): boolean {
    if (this.socket.destroyed || !this.socket.writable) return false;
    if (this.socket.writableLength > this.maxQueuedBytes) {
      this.dropped++;
      return false;
    }
    if (waits && !this.#waits) this.socket.cork();
    this.socket.write(frame);
    if (!waits && this.#waits) this.socket.uncork();
    this.#waits = waits;
    return true;
  }
}
