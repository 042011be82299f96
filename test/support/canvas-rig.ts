/**
 * The canvas alone, fed by real frame rings; every picture that it puts out is kept.
 *
 * With a sanitizer: build with `CFLAGS='-g -fsanitize=address,undefined' OUT=/tmp/asan pipelines/plugin/build.sh`, then run the test with
 * `TESSERA_TEST_SANITIZED=/tmp/asan` and `TESSERA_TEST_PRELOAD=$(gcc -print-file-name=libasan.so)`.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pluginDir, repoRoot } from '../../src/config/paths.ts';
import { FrameRingWriter, i420Bytes } from '../../src/media/frame-ring.ts';
import type { CanvasElement } from '../../src/mixer/canvas-element.ts';
import type { CanvasFigures, Rgba } from '../../src/mixer/canvas.ts';
import { run } from './decode.ts';

export interface CanvasFrame {
  ptsNs: bigint;
  durationNs: bigint;
  /** I420. */
  pixels: Uint8Array;
  /** Events that came directly before it. */
  eventsBefore: number;
  arrivedNs: bigint;
}

type Calls = { [K in keyof CanvasElement]: CanvasElement[K] extends (...args: infer A) => unknown ? [K, ...A] : never }[keyof CanvasElement];
export type ToCanvas =
  | { type: 'start'; baseNs: bigint; frameOffset: number; grid: number }
  | { type: 'thin'; step: number }
  | { type: 'text'; property: string; text: string }
  | { type: 'figures' }
  | { type: 'call'; call: Calls };
export type FromCanvas = { type: 'loaded' } | { type: 'frame'; frame: CanvasFrame } | { type: 'figures'; figures: CanvasFigures };

export type Yuv = readonly [y: number, u: number, v: number];
export const RED: Yuv = [81, 90, 240];
export const GREEN: Yuv = [145, 54, 34];
export const BLUE: Yuv = [41, 240, 110];
export const WHITE: Yuv = [235, 128, 128];
export const BLACK: Yuv = [16, 128, 128];

/** Tightly packed I420; `colour` of each pixel, chroma from the upper left one of four. */
export function drawn(width: number, height: number, colour: (x: number, y: number) => Yuv): Uint8Array {
  const pixels = new Uint8Array(i420Bytes(width, height));
  const half = (width + 1) >> 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const c = colour(x, y);
      pixels[y * width + x] = c[0];
      if (x % 2 === 0 && y % 2 === 0) {
        const at = width * height + (y >> 1) * half + (x >> 1);
        pixels[at] = c[1];
        pixels[at + half * ((height + 1) >> 1)] = c[2];
      }
    }
  return pixels;
}

export function plain(width: number, height: number, colour: Yuv): Uint8Array {
  const pixels = new Uint8Array(i420Bytes(width, height)).fill(colour[2]);
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
  pixels.fill(colour[0], 0, width * height);
  pixels.fill(colour[1], width * height, width * height + chroma);
  return pixels;
}

/** One colour, RGBA. */
export function rgba(width: number, height: number, colour: readonly [r: number, g: number, b: number, a: number]): Rgba {
  const pixels = Buffer.alloc(width * height * 4);
  for (let i = 0; i < width * height; i++) pixels.set(colour, i * 4);
  return { width, height, pixels };
}

export class CanvasRig {
  readonly frames: CanvasFrame[] = [];
  baseNs = 0n;
  readonly #child: ChildProcess;
  readonly #rings = new Set<FrameRingWriter>();
  readonly #files = new Set<string>();
  #figures: ((figures: CanvasFigures) => void) | undefined;
  #next = 0;

  private constructor(
    readonly width: number,
    readonly height: number,
    readonly frameRate: number,
  ) {
    this.#child = fork(join(repoRoot, 'test/support/canvas-child.ts'), [width, height, frameRate].map(String), {
      execArgv: ['--import', 'tsx'],
      cwd: repoRoot,
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        ...process.env,
        UV_THREADPOOL_SIZE: '8',
        GST_PLUGIN_PATH: process.env['TESSERA_TEST_SANITIZED'] ?? pluginDir,
        ...(process.env['TESSERA_TEST_PRELOAD'] ? { LD_PRELOAD: process.env['TESSERA_TEST_PRELOAD'], ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' } : {}),
      },
    });
  }

  static async open(width: number, height: number, frameRate: number, grid = 64): Promise<CanvasRig> {
    await run(join(repoRoot, 'pipelines/plugin/build.sh'), []);
    const rig = new CanvasRig(width, height, frameRate);
    await new Promise<void>((loaded, failed) => {
      rig.#child.once('exit', (code) => failed(new Error(`the canvas process ended with ${code}`)));
      rig.#child.on('message', (message: FromCanvas) => {
        if (message.type === 'loaded') loaded();
        else if (message.type === 'frame') rig.frames.push(message.frame);
        else rig.#figures?.(message.figures);
      });
    });
    rig.baseNs = process.hrtime.bigint();
    rig.#send({ type: 'start', baseNs: rig.baseNs, frameOffset: 0, grid });
    return rig;
  }

  #send(message: ToCanvas): void {
    this.#child.send(message);
  }

  call(...call: Calls): void {
    this.#send({ type: 'call', call });
  }

  /** Sets a property as it is: texts that the mixer would never send. */
  text(property: string, text: string): void {
    this.#send({ type: 'text', property, text });
  }

  thin(step: number): void {
    this.#send({ type: 'thin', step });
  }

  figures(): Promise<CanvasFigures> {
    return new Promise((done) => {
      this.#figures = done;
      this.#send({ type: 'figures' });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  ringPath(): string {
    const path = `/dev/shm/tessera-canvasrig-${process.pid}-${this.#next++}-1`;
    this.#files.add(path);
    return path;
  }

  ring(largestWidth: number, largestHeight: number, slots?: number): FrameRingWriter {
    const ring = new FrameRingWriter(this.ringPath(), i420Bytes(largestWidth, largestHeight), slots);
    this.#rings.add(ring);
    return ring;
  }

  /** Writes one picture, stamped now, and lets `slot` show this ring. */
  show(slot: number, pixels: Uint8Array, width: number, height: number, rotation = 0): FrameRingWriter {
    const ring = this.ring(width, height);
    ring.write(pixels, width, height, rotation, process.hrtime.bigint());
    this.call('setFeed', slot, ring.path);
    return ring;
  }

  colourAt(frame: CanvasFrame | undefined, x: number, y: number): Yuv {
    if (!frame) return [0, 0, 0];
    const luma = this.width * this.height;
    const at = luma + (y >> 1) * (this.width / 2) + (x >> 1);
    return [frame.pixels[y * this.width + x] ?? 0, frame.pixels[at] ?? 0, frame.pixels[at + luma / 4] ?? 0];
  }

  /** Waits until all of these pixels have (nearly) these colours; says what was there instead. */
  async sees(what: readonly (readonly [x: number, y: number, colour: Yuv])[], timeoutMs = 1500): Promise<CanvasFrame> {
    const endMs = Date.now() + timeoutMs;
    for (;;) {
      const frame = this.frames.at(-1);
      if (frame && what.every(([x, y, colour]) => near(this.colourAt(frame, x, y), colour))) return frame;
      if (Date.now() > endMs)
        throw new Error(`not seen within ${timeoutMs} ms: ${what.map(([x, y, c]) => `${x},${y}: ${this.colourAt(frame, x, y)} instead of ${c}`).join('; ')}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  /** The next `count` pictures from now. */
  async next(count: number): Promise<CanvasFrame[]> {
    const from = this.frames.length;
    while (this.frames.length < from + count) {
      if (!this.running) throw new Error('the canvas process has ended');
      await new Promise((done) => setTimeout(done, 5));
    }
    return this.frames.slice(from, from + count);
  }

  /** Programme frame number of a picture. */
  number(frame: CanvasFrame): number {
    return Math.round((Number(frame.ptsNs) * this.frameRate) / 1e9);
  }

  async close(): Promise<void> {
    for (const ring of this.#rings) ring.close();
    for (const file of this.#files) rmSync(file, { force: true });
    if (!this.running) return;
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await gone;
  }
}

export function near(a: Yuv, b: Yuv, tolerance = 6): boolean {
  return a.every((v, i) => Math.abs(v - (b[i] ?? 0)) <= tolerance);
}
