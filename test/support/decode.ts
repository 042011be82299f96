/** Decoding of files, URLs and raw streams by FFmpeg for tests that look at the picture and listen to the sound. */
import { spawn } from 'node:child_process';

export interface DecodedPicture {
  width: number;
  height: number;
  /** RGB, 3 bytes a pixel. */
  rgb: Buffer;
}

/** Runs a command with a time limit; rejects with its last words when it fails. */
export function run(command: string, args: readonly string[], options: { timeoutMs?: number; input?: Buffer } = {}): Promise<{ stdout: Buffer; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let err = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 30_000);
    child.stdout.on('data', (d: Buffer) => out.push(d));
    child.stderr.on('data', (d: Buffer) => (err = (err + d.toString()).slice(-8000)));
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve({ stdout: Buffer.concat(out), stderr: err });
      else reject(new Error(`${command} ended with ${code ?? signal}: ${err.slice(-2000)}`));
    });
    child.stdin.end(options.input);
  });
}

/** Pictures of a source, scaled to `width` × `height`, `fps` of them a second. `inputArgs` stand before `-i` (for example `-ss 3`). */
export async function decodePictures(
  source: string,
  options: { width: number; height: number; fps?: number; count?: number; inputArgs?: readonly string[]; timeoutMs?: number },
): Promise<DecodedPicture[]> {
  const { width, height } = options;
  const filters = [options.fps ? `fps=${options.fps}` : undefined, `scale=${width}:${height}:flags=area`].filter((f) => f !== undefined).join(',');
  const args = ['-nostdin', '-v', 'error', ...(options.inputArgs ?? []), '-i', source, '-an', '-vf', filters];
  if (options.count) args.push('-frames:v', String(options.count));
  args.push('-pix_fmt', 'rgb24', '-f', 'rawvideo', '-');
  const { stdout } = await run('ffmpeg', args, { timeoutMs: options.timeoutMs });
  const size = width * height * 3;
  const pictures: DecodedPicture[] = [];
  for (let at = 0; at + size <= stdout.length; at += size) pictures.push({ width, height, rgb: stdout.subarray(at, at + size) });
  return pictures;
}

/** Mono sound of a source as samples from −1 to 1. */
export async function decodeSound(
  source: string,
  options: { rateHz?: number; inputArgs?: readonly string[]; seconds?: number; timeoutMs?: number } = {},
): Promise<Float32Array> {
  const args = ['-nostdin', '-v', 'error', ...(options.inputArgs ?? []), '-i', source, '-vn'];
  if (options.seconds) args.push('-t', String(options.seconds));
  args.push('-ac', '1', '-ar', String(options.rateHz ?? 48_000), '-f', 'f32le', '-');
  const { stdout } = await run('ffmpeg', args, { timeoutMs: options.timeoutMs });
  const copy = new Uint8Array(stdout.subarray(0, stdout.length - (stdout.length % 4)));
  return new Float32Array(copy.buffer);
}

/** Mean colour of a region given in fractions of the picture. */
export function meanColour(picture: DecodedPicture, region: { x: number; y: number; width: number; height: number }): [number, number, number] {
  const x0 = Math.floor(region.x * picture.width);
  const x1 = Math.max(x0 + 1, Math.floor((region.x + region.width) * picture.width));
  const y0 = Math.floor(region.y * picture.height);
  const y1 = Math.max(y0 + 1, Math.floor((region.y + region.height) * picture.height));
  let r = 0;
  let g = 0;
  let b = 0;
  for (let y = y0; y < y1; y++)
    for (let x = x0; x < x1; x++) {
      const at = (y * picture.width + x) * 3;
      r += picture.rgb[at] as number;
      g += picture.rgb[at + 1] as number;
      b += picture.rgb[at + 2] as number;
    }
  const n = (x1 - x0) * (y1 - y0);
  return [r / n, g / n, b / n];
}

export function colourDistance(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
