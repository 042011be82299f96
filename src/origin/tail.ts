/** `GET /tail/{room}/{rendition}`: the live programme as endless fMP4 for FFmpeg, from the newest keyframe on. */
import type { ServerResponse } from 'node:http';
import { AppError } from '../domain/errors.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import { MuxedTimeline } from './muxed-timeline.ts';
import type { OriginRoom } from './origin-room.ts';
import type { ProgrammePart } from './part.ts';
import { muxedInit } from './packager.ts';

/** About ten seconds of `high`: who is that far behind is cut off and comes back. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export class Tails {
  slowReaders = 0;
  #open = 0;

  get count(): number {
    return this.#open;
  }

  /** Keeps writing until the reader goes or the programme ends. @throws AppError noLiveProgramme */
  serve(room: OriginRoom | undefined, rendition: VideoRendition, response: ServerResponse): void {
    const config = room?.videoConfig(rendition);
    if (!room || room.programme.ended || !room.programme.started || !config || !room.programme.renditions.includes(rendition))
      throw new AppError('noLiveProgramme', { retryAfterSeconds: 1 });
    response.writeHead(200, { 'content-type': 'video/mp4', 'cache-control': 'no-store' });
    const timeline = new MuxedTimeline(room.grid);
    let begun: number | undefined;
    const follower = {
      part: (part: ProgrammePart): void => {
        const video = part.video.get(rendition);
        if (!video) return;
        if (begun === undefined) {
          if (!video.samples[0]?.key) return;
          begun = video.config;
          timeline.begin(video.samples[0].frame, part.audio[0]?.frame ?? 0);
          response.write(muxedInit(room.videoConfig(rendition, video.config) ?? config, room.audioConfig, room.grid));
        }
        // One `moov` stands for the whole answer: with other parameters, or after a jump, the reader must come back.
        if (video.config !== begun || (part.discontinuity && timeline.durationMs > 0)) {
          end();
          return;
        }
        if (response.writableLength > MAX_WAITING_BYTES) {
          this.slowReaders++;
          response.destroy();
          return;
        }
        response.write(timeline.fragment(video.samples, part.audio));
      },
      ended: (): void => end(),
    };
    // At once, not with 'close': a reader that is behind would get the next part written after the end.
    const end = (): void => {
      room.followers.delete(follower);
      response.end();
    };
    // The parts of the open segment begin with its keyframe: the reader has a picture at once.
    for (const part of room.recentParts()) follower.part(part);
    if (!response.writableEnded) room.followers.add(follower);
    this.#open++;
    response.on('close', () => {
      room.followers.delete(follower);
      this.#open--;
    });
  }
}
