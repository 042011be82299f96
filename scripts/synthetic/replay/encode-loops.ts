/**
 * Encodes what replayed publishers send: 4 s of a person before a wall in each size (VP8 as a browser's encoder makes it, one
 * keyframe at the start), 4 s of something like speech, and for measuring: a black and a white keyframe in each size, and
 * 2 s with a beep in the first 100 ms.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { LOOP_SIZES } from './loop-sizes.ts';

export const LOOP_SECONDS = 4;
export const BEEP_PERIOD_MS = 2000;
export const BEEP_MS = 100;
const RATE_HZ = 48_000;
const OPUS_BPS = 32_000;
/** What libopus takes before its first sample (pre-skip): 312 samples at 48 kHz, 120 with `lowdelay`. */
const LOOKAHEAD_SAMPLES = { voip: 312, lowdelay: 120 } as const;
const ENCODE_TIMEOUT_MS = 60_000;
const WIDTH = 640;
const HEIGHT = 360;
const FRAMES = LOOP_SECONDS * 30;

/** Makes what is missing in a folder; about 6 s of one core for all of it. */
export async function encodeLoops(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const missing = (file: string): boolean => !existsSync(join(folder, file));
  if (LOOP_SIZES.some(({ name }) => missing(`person-${name}.ivf`))) await encodePerson(folder);
  if (LOOP_SIZES.some(({ name }) => missing(`flash-${name}.ivf`))) await encodeFlash(folder);
  if (missing('speech.ogg')) await encodeSound(folder, 'speech.ogg', speech(), 'voip');
  if (missing('beep.ogg')) await encodeSound(folder, 'beep.ogg', beeps(), 'lowdelay');
}

async function encodePerson(folder: string): Promise<void> {
  const outputs = LOOP_SIZES.flatMap(({ name, width, height, frameRate, bitrateBps }, i) => [
    ...['-map', `[v${i}]`, '-s', `${width}x${height}`, '-r', String(frameRate), ...vp8(bitrateBps, 9999)],
    ...['-f', 'ivf', join(folder, `part-person-${name}.ivf`)],
  ]);
  const split = `[0:v]split=${LOOP_SIZES.length}${LOOP_SIZES.map((_, i) => `[v${i}]`).join('')}`;
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${WIDTH}x${HEIGHT}`, '-r', '30', '-i', 'pipe:0'];
  await ffmpeg([...raw, '-filter_complex', split, ...outputs], personFrames());
  for (const { name } of LOOP_SIZES) await rename(join(folder, `part-person-${name}.ivf`), join(folder, `person-${name}.ivf`));
}

/** Two frames, both keyframes: black and white. */
async function encodeFlash(folder: string): Promise<void> {
  for (const { name, width, height } of LOOP_SIZES) {
    const picture = (luma: number): Buffer => {
      const out = Buffer.alloc((width * height * 3) / 2, 128);
      out.fill(luma, 0, width * height);
      return out;
    };
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', '30', '-i', 'pipe:0'];
    await ffmpeg([...raw, ...vp8(500_000, 1), '-f', 'ivf', join(folder, `flash-${name}.ivf`)], [picture(16), picture(235)]);
  }
}

async function encodeSound(folder: string, file: string, samples: Int16Array, application: 'voip' | 'lowdelay'): Promise<void> {
  // Begun by its lookahead earlier, so that what a decoder puts out for packet n belongs to packet n's time.
  const early = LOOKAHEAD_SAMPLES[application];
  const rotated = Int16Array.from({ length: samples.length }, (_, i) => samples[(i + early) % samples.length] as number);
  const once = Buffer.from(rotated.buffer);
  const raw = ['-f', 's16le', '-ar', String(RATE_HZ), '-ac', '1', '-i', 'pipe:0'];
  const opus = ['-c:a', 'libopus', '-b:a', String(OPUS_BPS), '-vbr', 'off', '-application', application, '-frame_duration', '20', '-f', 'ogg'];
  await ffmpeg([...raw, ...opus, join(folder, `part-${file}`)], [once, once, once]); // the second of three is taken: its state before and after is its own
  await rename(join(folder, `part-${file}`), join(folder, file));
}

function vp8(bitrateBps: number, keyframeInterval: number): string[] {
  const kbps = `${Math.round(bitrateBps / 1000)}k`;
  return [
    ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '6', '-b:v', kbps, '-minrate', kbps, '-maxrate', kbps, '-bufsize', kbps, '-qmin', '4'],
    ...['-g', String(keyframeInterval), '-lag-in-frames', '0', '-auto-alt-ref', '0', '-threads', '1', '-fps_mode', 'cfr'],
  ];
}

/** A swaying head and shoulders before a shaded wall, with a camera's grain. */
function* personFrames(): Generator<Buffer> {
  const wall = Buffer.alloc(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) wall[y * WIDTH + x] = 90 + y / 6 + 12 * Math.sin(x / 37) + (x % 128 < 3 ? 25 : 0);
  let noise = 1;
  for (let n = 0; n < FRAMES; n++) {
    const picture = Buffer.alloc((WIDTH * HEIGHT * 3) / 2, 128);
    const turn = (2 * Math.PI * n) / FRAMES;
    const headX = 320 + 24 * Math.sin(turn) + 6 * Math.sin(5 * turn);
    const headY = 150 + 8 * Math.cos(2 * turn);
    const mouth = 6 + 5 * Math.abs(Math.sin(14 * turn));
    for (let y = 0; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++) {
        noise = (Math.imul(noise, 1103515245) + 12345) & 0x7fffffff;
        const at = y * WIDTH + x;
        const dx = x - headX;
        const dy = y - headY;
        let luma = wall[at] as number;
        if ((dx / 165) ** 2 + ((y - 360) / 135) ** 2 < 1) luma = 55 + 14 * Math.sin((x - headX) / 7);
        if ((dx / 72) ** 2 + (dy / 95) ** 2 < 1) luma = 165 + dy / 5 - dx / 6;
        if ((dx / 22) ** 2 + ((dy - 48) / mouth) ** 2 < 1) luma = 70;
        if (((Math.abs(dx) - 27) / 10) ** 2 + ((dy + 15) / 6) ** 2 < 1) luma = 40;
        picture[at] = luma + ((noise >> 16) & 7) - 3;
      }
    for (let y = 0; y < HEIGHT / 2; y++)
      for (let x = 0; x < WIDTH / 2; x++)
        if (((2 * x - headX) / 72) ** 2 + ((2 * y - headY) / 95) ** 2 < 1) picture[WIDTH * HEIGHT * 1.25 + (y * WIDTH) / 2 + x] = 150;
    yield picture;
  }
}

/** Syllables: a voice with overtones that comes and goes, −26 dBFS or so, with pauses. */
function speech(): Int16Array {
  const out = new Int16Array(RATE_HZ * LOOP_SECONDS);
  for (let i = 0; i < out.length; i++) {
    const t = i / RATE_HZ;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 3.5 * t)) * (t % LOOP_SECONDS < 2.6 ? 1 : 0);
    let sum = 0;
    for (let k = 1; k <= 6; k++) sum += Math.sin(2 * Math.PI * 125 * k * t + 0.5 * Math.sin(2 * Math.PI * 5 * t)) / k;
    out[i] = 2200 * syllable * sum;
  }
  return out;
}

function beeps(): Int16Array {
  const out = new Int16Array((RATE_HZ * BEEP_PERIOD_MS) / 1000);
  for (let i = 0; i < (RATE_HZ * BEEP_MS) / 1000; i++) out[i] = 8000 * Math.sin((2 * Math.PI * 1000 * i) / RATE_HZ);
  return out;
}

async function ffmpeg(args: readonly string[], input: Iterable<Buffer>): Promise<void> {
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...args], { stdio: ['pipe', 'ignore', 'pipe'], timeout: ENCODE_TIMEOUT_MS, killSignal: 'SIGKILL' });
  let written = '';
  child.stderr.on('data', (data: Buffer) => (written = (written + data.toString()).slice(-2000)));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  for (const chunk of input) {
    if (child.stdin.destroyed) break;
    if (!child.stdin.write(chunk)) await Promise.race([new Promise((resolve) => child.stdin.once('drain', resolve)), ended]);
  }
  child.stdin.end();
  const code = await ended;
  if (code !== 0) throw new Error(`FFmpeg ended with ${code}: ${written}`);
}
