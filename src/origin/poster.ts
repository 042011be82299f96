/** The live thumbnail: the newest keyframe as JPEG, made on demand by one short FFmpeg run at most every five seconds. */
import { spawn } from 'node:child_process';
import { fragment } from '../media/fmp4-fragment.ts';
import { initSegment } from '../media/fmp4-init.ts';
import type { OriginRoom } from './origin-room.ts';
import { VIDEO_TRACK_ID, videoTrackInit } from './packager.ts';
import { VIDEO_TICKS } from './part-grid.ts';

const FRESH_MS = 5000;
const TIMEOUT_MS = 4000;
const MAX_JPEG_BYTES = 2 * 1024 * 1024;

const FFMPEG_ARGUMENTS = [
  '-hide_banner', '-loglevel', 'error', '-threads', '1', '-f', 'mp4', '-i', 'pipe:0',
  '-frames:v', '1', '-vf', 'scale=640:-2', '-q:v', '4', '-f', 'mjpeg', 'pipe:1',
] as const;

export class Poster {
  #made = 0;
  #jpeg: Promise<Buffer | undefined> | undefined;

  constructor(private readonly room: OriginRoom) {}

  /** @returns undefined when there is no picture yet or it cannot be decoded */
  latest(): Promise<Buffer | undefined> {
    const now = Date.now();
    if (!this.#jpeg || now - this.#made > FRESH_MS) {
      const before = this.#jpeg;
      this.#made = now;
      this.#jpeg = this.#make().then((jpeg) => jpeg ?? before);
    }
    return this.#jpeg;
  }

  async #make(): Promise<Buffer | undefined> {
    const rendition = this.room.programme.renditions[0];
    const config = rendition && this.room.videoConfig(rendition);
    const idr = rendition && this.room.lane(rendition)?.lastIdr;
    if (!config || !idr) return undefined;
    const movie = Buffer.concat([
      initSegment([videoTrackInit(config, this.room.grid)]),
      fragment(1, [{ id: VIDEO_TRACK_ID, decodeTime: 0n, samples: [{ data: idr, duration: VIDEO_TICKS, key: true }] }]),
    ]);
    return runFfmpeg(FFMPEG_ARGUMENTS, movie);
  }
}

function runFfmpeg(args: readonly string[], input: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    const out: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_JPEG_BYTES) child.kill('SIGKILL');
      else out.push(chunk);
    });
    child.stdin.on('error', () => undefined);
    child.on('error', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve(code === 0 && bytes > 0 ? Buffer.concat(out) : undefined);
    });
    child.stdin.end(input);
  });
}
