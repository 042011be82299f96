/** What an LL-HLS player decodes: parts as they were served, and the levels of their tiles and sound by the files' own timestamps. */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FlashesAndBeeps } from './flashes-and-beeps.ts';
import { HlsReader } from './hls-reader.ts';

const run = promisify(execFile);
const LIMITS = { timeout: 60_000, killSignal: 'SIGKILL', maxBuffer: 512e6, encoding: 'buffer' } as const;
const WIDTH = 96;
const HEIGHT = 54;
const RATE_HZ = 48_000;
const SAMPLES_PER_MS = RATE_HZ / 1000;

export class HlsFlashes {
  readonly #reader: HlsReader;
  readonly #files: Record<'video' | 'audio', string>;
  readonly #writing: Record<'video' | 'audio', ReturnType<typeof createWriteStream>>;

  /** @param folder for two files of some MB */
  constructor(multivariantUrl: string, folder: string) {
    this.#files = { video: join(folder, 'video.mp4'), audio: join(folder, 'audio.mp4') };
    this.#writing = { video: createWriteStream(this.#files.video), audio: createWriteStream(this.#files.audio) };
    this.#reader = new HlsReader(multivariantUrl, { onData: (track, data) => void this.#writing[track].write(data) });
    void this.#reader.run();
  }

  get errors(): number {
    return this.#reader.errors;
  }

  /** Ends reading and decodes all of it. @returns what was decoded */
  async judge(into: FlashesAndBeeps<undefined>): Promise<{ pictures: number; seconds: number }> {
    this.#reader.close();
    await Promise.all(Object.values(this.#writing).map((file) => new Promise<void>((resolve) => file.end(resolve))));
    const low = ['-nostats', '-v', 'info', '-threads', '1', '-copyts'];
    const out = ['-f', 'rawvideo', '-'];
    const sound = await run('ffmpeg', [...low, '-i', this.#files.audio, '-af', `aformat=sample_fmts=s16:sample_rates=${RATE_HZ}:channel_layouts=mono,ashowinfo`, '-f', 's16le', '-'], LIMITS);
    let at = 0;
    for (const [, seconds, samples] of sound.stderr.toString().matchAll(/ashowinfo.* pts_time:(\S+) .*nb_samples:(\d+)/g)) {
      const end = at + 2 * Number(samples);
      for (let ms = 0; at + 2 * SAMPLES_PER_MS <= end; ms++, at += 2 * SAMPLES_PER_MS) {
        let peak = 0;
        for (let i = 0; i < SAMPLES_PER_MS; i++) peak = Math.max(peak, Math.abs(sound.stdout.readInt16LE(at + 2 * i)));
        into.sound(1000 * Number(seconds) + ms, peak);
      }
      at = end;
    }
    const video = await run('ffmpeg', [...low, '-i', this.#files.video, '-fps_mode', 'passthrough', '-vf', `showinfo=checksum=0,scale=${WIDTH}:${HEIGHT}:flags=area,format=gray`, ...out], LIMITS);
    const times = [...video.stderr.toString().matchAll(/showinfo.* n: *\d+ .*pts_time:(\S+)/g)].map((m) => 1000 * Number(m[1]));
    times.forEach((ms, i) => into.picture(ms, ({ x, y }) => video.stdout[i * WIDTH * HEIGHT + Math.round(y * HEIGHT) * WIDTH + Math.round(x * WIDTH)] ?? 0, undefined));
    return { pictures: times.length, seconds: ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000 };
  }
}
