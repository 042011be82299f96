/** Pictures of a synthetic participant, drawn straight into I420: a background once, then only what moves. */
import { createCanvas } from '@napi-rs/canvas';
import { drawClock } from './drawn-clock.ts';

export const PATTERNS = ['moving', 'clock', 'color', 'flash'] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface PictureOptions {
  pattern: Pattern;
  width: number;
  height: number;
  name: string;
  /** `#rrggbb`; the background. */
  color: string;
}

/** Flash and beep last so long at each full second. */
export const FLASH_MS = 100;

const DIGITS = '0123456789:.';
const BOX_LUMA = 210;

export class Picture {
  /** The present picture; the same buffer each time. */
  readonly data: Uint8Array;
  readonly #base: Uint8Array;
  readonly #digits: { width: number; height: number; bitmaps: Uint8Array[] };
  #boxX = -1;
  #boxY = -1;
  #flashed: boolean | undefined;

  constructor(private readonly options: PictureOptions) {
    const { width, height } = options;
    if (width % 2 !== 0 || height % 2 !== 0) throw new RangeError('width and height must be even');
    this.#base = background(options);
    this.data = Uint8Array.from(this.#base);
    this.#digits = digitBitmaps(Math.max(12, Math.round(height / 8)));
  }

  /** Draws the picture for a wall-clock time. */
  draw(timeMs: number): void {
    const { pattern } = this.options;
    if (pattern === 'color') return;
    if (pattern === 'flash') return this.#drawFlash(timeMs % 1000 < FLASH_MS);
    this.#moveBox(timeMs);
    this.#drawTime(timeMs);
    if (pattern === 'clock') drawClock(this.data, this.options.width, this.options.height, timeMs);
  }

  #drawFlash(on: boolean): void {
    if (on === this.#flashed) return;
    this.#flashed = on;
    const { width, height } = this.options;
    this.data.fill(on ? 235 : 16, 0, width * height);
    this.data.fill(128, width * height);
  }

  /** A box that goes round in the upper part, so that encoders have something to do. */
  #moveBox(timeMs: number): void {
    const { width, height } = this.options;
    const size = (height >> 3) << 1;
    const turn = (timeMs % 4000) / 4000;
    const x = Math.floor((width - size) * (0.5 + 0.5 * Math.sin(2 * Math.PI * turn)));
    const y = Math.floor((height * 0.3 - size * 0.5) * (0.5 + 0.5 * Math.cos(4 * Math.PI * turn)));
    if (this.#boxX >= 0) this.#copyBase(this.#boxX, this.#boxY, size, size);
    for (let line = y; line < y + size; line++) this.data.fill(BOX_LUMA, line * width + x, line * width + x + size);
    this.#boxX = x;
    this.#boxY = y;
  }

  #drawTime(timeMs: number): void {
    const { width, height } = this.options;
    const now = new Date(timeMs);
    const text = `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}.${Math.floor(now.getMilliseconds() / 100)}`;
    const { width: w, height: h, bitmaps } = this.#digits;
    const top = Math.round(height * 0.5);
    const left = Math.max(0, Math.round((width - w * text.length) / 2));
    this.#copyBase(left, top, w * text.length, h);
    for (const [i, character] of [...text].entries()) {
      const bitmap = bitmaps[DIGITS.indexOf(character)] as Uint8Array;
      for (let line = 0; line < h; line++) {
        const to = (top + line) * width + left + i * w;
        for (let column = 0; column < w; column++) if (bitmap[line * w + column]) this.data[to + column] = 235;
      }
    }
  }

  #copyBase(x: number, y: number, width: number, height: number): void {
    const stride = this.options.width;
    for (let line = y; line < Math.min(y + height, this.options.height); line++) {
      const at = line * stride + x;
      this.data.set(this.#base.subarray(at, at + Math.min(width, stride - x)), at);
    }
  }
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}

function background({ pattern, width, height, name, color }: PictureOptions): Uint8Array {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = pattern === 'flash' ? '#000000' : color;
  context.fillRect(0, 0, width, height);
  if (pattern === 'moving' || pattern === 'clock') {
    const shade = context.createLinearGradient(0, 0, width, height);
    shade.addColorStop(0, 'rgba(255,255,255,0.15)');
    shade.addColorStop(1, 'rgba(0,0,0,0.35)');
    context.fillStyle = shade;
    context.fillRect(0, 0, width, height);
    context.fillStyle = '#ffffff';
    context.font = `bold ${Math.round(height / 6)}px "DejaVu Sans", sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(name, width / 2, height * 0.4, width * 0.9);
  }
  return toI420(context.getImageData(0, 0, width, height).data, width, height);
}

/** BT.601 limited range, which WebRTC assumes. */
function toI420(rgba: Uint8ClampedArray, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height + 2 * (width >> 1) * (height >> 1));
  let u = width * height;
  let v = u + (width >> 1) * (height >> 1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const [r, g, b] = [rgba[at] as number, rgba[at + 1] as number, rgba[at + 2] as number];
      out[y * width + x] = 16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256;
      if (y % 2 === 0 && x % 2 === 0) {
        out[u++] = 128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256;
        out[v++] = 128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256;
      }
    }
  return out;
}

function digitBitmaps(height: number): { width: number; height: number; bitmaps: Uint8Array[] } {
  const width = Math.round(height * 0.65);
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  const bitmaps = [...DIGITS].map((character) => {
    context.clearRect(0, 0, width, height);
    context.fillStyle = '#ffffff';
    context.font = `${Math.round(height * 0.95)}px "DejaVu Sans Mono", monospace`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(character, width / 2, height / 2);
    const { data } = context.getImageData(0, 0, width, height);
    return Uint8Array.from({ length: width * height }, (_, i) => ((data[i * 4 + 3] as number) > 127 ? 1 : 0));
  });
  return { width, height, bitmaps };
}
