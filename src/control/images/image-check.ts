/** Decodes an uploaded picture for real, away from the event loop: what passes can be drawn by the mixer. */
import { finished } from 'node:stream/promises';
import { createInflate } from 'node:zlib';
import { AppError } from '../../domain/errors.ts';
import type { RoomImage } from '../../domain/room.ts';
import { imageStructure, type ImageStructure } from './image-structure.ts';

/** 4096×4096 takes 40 to 80 ms on an idle core. */
const DECODE_LIMIT_MS = 5000;
/** A decoded picture may take 64 MiB, and each decoder one of the four threads of the pool. */
const AT_ONCE = 2;
const MOST_WAITING = 16;
const INFLATE_CHUNK_BYTES = 1 << 20;

export class ImageCheck {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * @returns the size in which it is shown (a JPEG may be turned)
   * @throws AppError unusableImage; overloaded when too many wait
   */
  async run(file: Buffer, contentType: RoomImage['contentType']): Promise<ImageStructure> {
    const structure = imageStructure(file, contentType);
    await this.#turn();
    // The place is given back when the work has really ended: a decoder cannot be stopped in the middle.
    const work = decode(file, structure).finally(() => {
      this.#running -= 1;
      this.#waiting.shift()?.();
    });
    return inTime(work);
  }

  async #turn(): Promise<void> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= MOST_WAITING) throw new AppError('overloaded', { detail: 'Too many pictures are being checked.', retryAfterSeconds: 2 });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AppError('unusableImage', { detail: 'Decoding the picture takes too long.' })), DECODE_LIMIT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function decode(file: Buffer, structure: ImageStructure | (ImageStructure & { data: Buffer[]; inflatedBytes: number })): Promise<ImageStructure> {
  if ('data' in structure) await inflatesTo(structure.data, structure.inflatedBytes);
  const { Image } = await import('@napi-rs/canvas'); // 40 MB, only where pictures are uploaded
  const image = new Image();
  try {
    await new Promise<void>((resolve, reject) => {
      image.onload = () => void Promise.resolve().then(() => image.decode()).then(resolve, reject); // not from inside the setter: it may not be entered twice
      image.onerror = reject;
      image.src = file;
    });
    const { width, height } = image;
    const asClaimed = (width === structure.width && height === structure.height) || (width === structure.height && height === structure.width);
    if (!asClaimed) throw new Error(`decoded as ${width}×${height}`);
    return { width, height };
  } catch (cause) {
    throw new AppError('unusableImage', { detail: 'The picture cannot be decoded.', cause });
  } finally {
    image.onload = image.onerror = undefined;
    image.src = Buffer.alloc(0); // gives the pixels back at once, not when the collector comes (measured: 80 MB instead of 280 after twenty)
  }
}

/** The canvas takes a PNG whose rows end early for a good one; and nobody's rows may be longer than the header says. */
async function inflatesTo(data: readonly Buffer[], expectedBytes: number): Promise<void> {
  const inflate = createInflate({ chunkSize: INFLATE_CHUNK_BYTES });
  let bytes = 0;
  inflate.on('data', (rows: Buffer) => {
    bytes += rows.length;
    if (bytes > expectedBytes) inflate.destroy(new Error('longer than the header says'));
  });
  for (const chunk of data) inflate.write(chunk);
  inflate.end();
  try {
    await finished(inflate);
    if (bytes !== expectedBytes) throw new Error('shorter than the header says');
  } catch (cause) {
    throw new AppError('unusableImage', { detail: 'The PNG is damaged: its rows do not fit its size.', cause });
  }
}
