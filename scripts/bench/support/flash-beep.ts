/** Flashes and beeps of a file as FFmpeg decodes it, with the file's own timestamps, and how far they are apart. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIMITS = { timeout: 90_000, killSignal: 'SIGKILL', maxBuffer: 256e6 } as const;
const SAMPLE_RATE_HZ = 8000;
const PICTURE_BYTES = 16 * 9;

/** Seconds at which the picture becomes bright, by the timestamps of the file's own frames. */
export async function flashes(file: string): Promise<number[]> {
  const args = ['-v', 'error', '-i', file, '-an', '-fps_mode', 'passthrough', '-vf', 'scale=16:9,format=gray', '-f', 'rawvideo', '-'];
  const { stdout } = await run('ffmpeg', args, { ...LIMITS, encoding: 'buffer' });
  const listed = await run('ffprobe', ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file], LIMITS);
  const times = listed.stdout.split('\n').filter((line) => line !== '').map(Number.parseFloat).sort((a, b) => a - b);
  const levels: number[] = [];
  // the middle of the picture: names and borders are outside
  for (let at = 0; at + PICTURE_BYTES <= stdout.length; at += PICTURE_BYTES) levels.push(stdout[at + 4 * 16 + 8] as number);
  return onsets(levels, (i) => times[i] ?? Number.NaN);
}

/** Seconds at which the sound becomes loud, to 1 ms. */
export async function beeps(file: string): Promise<number[]> {
  const args = ['-v', 'error', '-i', file, '-vn', '-af', 'aresample=async=1:first_pts=0', '-ac', '1', '-ar', String(SAMPLE_RATE_HZ), '-f', 's16le', '-'];
  const { stdout } = await run('ffmpeg', args, { ...LIMITS, encoding: 'buffer' });
  const perMs = SAMPLE_RATE_HZ / 1000;
  const levels: number[] = [];
  for (let at = 0; at + 2 * perMs <= stdout.length; at += 2 * perMs) {
    let loudest = 0;
    for (let i = 0; i < perMs; i++) loudest = Math.max(loudest, Math.abs(stdout.readInt16LE(at + 2 * i)));
    levels.push(loudest);
  }
  return onsets(levels, (i) => i / 1000);
}

/** Beep − flash in ms, for each flash that has a beep within half a second. */
export function offsetsMs(flashTimes: readonly number[], beepTimes: readonly number[]): number[] {
  return flashTimes.flatMap((flash) => {
    const nearest = beepTimes.reduce((best, beep) => (Math.abs(beep - flash) < Math.abs(best - flash) ? beep : best), Infinity);
    return Math.abs(nearest - flash) < 0.5 ? [(nearest - flash) * 1000] : [];
  });
}

/** Where a series rises over half of its highest value, at least 0.4 s after the rise before. */
function onsets(levels: readonly number[], at: (index: number) => number): number[] {
  const threshold = levels.reduce((a, b) => Math.max(a, b), 0) / 2;
  const out: number[] = [];
  for (let i = 1; i < levels.length; i++) {
    if ((levels[i] as number) < threshold || (levels[i - 1] as number) >= threshold) continue;
    if (at(i) - (out[out.length - 1] ?? -1) > 0.4) out.push(at(i));
  }
  return out;
}
