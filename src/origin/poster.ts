/** The live thumbnail: the newest keyframe as JPEG, made on demand by one short FFmpeg run at most every five seconds. */
import { fragment } from '../media/fmp4-fragment.ts';
import { initSegment } from '../media/fmp4-init.ts';
import type { OriginRoom } from './origin-room.ts';
import { VIDEO_TRACK_ID, videoTrackInit } from './packager.ts';
import { VIDEO_TICKS } from './part-grid.ts';
import { pictureByFfmpeg } from './picture-by-ffmpeg.ts';

const FRESH_MS = 5000;
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
    return pictureByFfmpeg({ format: 'mp4', bytes: movie }, 'scale=640:-2', 4);
  }
}
