/** A programme sent faster than it would pass: hours of it for what lies behind the mixer. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RoomId } from '../../../src/domain/ids.ts';
import { aacFrameStartNs, videoFrameStartNs } from '../../../src/domain/programme-time.ts';
import { videoTrack } from '../../../src/domain/rendition.ts';
import { FrameReader } from '../../../src/media/framing.ts';
import { PROGRAMME_FRAME, encodeProgrammeMessage, encodeUnit } from '../../../src/media/programme-protocol.ts';
import type { Clip } from '../../../test/support/programme-source.ts';

/** Two segments; keyframes at both. */
const LOOP_FRAMES = 128;

/** A mixer that is ahead of the clock: parts are cut as soon as they are whole. The clip begins with a keyframe (phase 0) and has `low`. */
export class ProgrammeAhead {
  #aac: number;
  readonly #first: number;

  private constructor(
    private readonly socket: Socket,
    private readonly clip: Clip,
    public frame: number,
  ) {
    this.#first = frame;
    this.#aac = Math.ceil((frame * 48_000) / (1024 * 30));
  }

  static async open(socketPath: string, room: RoomId, clip: Clip, epoch: number, frame: number): Promise<ProgrammeAhead> {
    const socket = connect(socketPath);
    const welcomed = new Promise<void>((resolve, reject) => {
      const reader = new FrameReader((type) => (type === PROGRAMME_FRAME.refused ? reject(new Error('refused')) : resolve()));
      socket.on('data', (chunk: Buffer) => reader.push(chunk));
      socket.once('error', reject);
    });
    socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.hello, { version: 1, room, epoch, frameRate: 30, renditions: ['high', 'mid', 'low'] }));
    await welcomed;
    for (const name of ['high', 'mid', 'low'] as const) {
      const video = clip[name] as Clip['high'];
      socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.init, { track: `video:${name}`, codec: 'h264', width: video.width, height: video.height, frameRate: 30 / video.step, bitrateBps: 300_000, config: video.avcC.toString('base64') }));
    }
    socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.init, { track: 'audio:aac', codec: 'aac', sampleRateHz: 48_000, channels: 2, bitrateBps: 96_000, config: clip.audio.config.toString('base64') }));
    return new ProgrammeAhead(socket, clip, frame);
  }

  /** @param speed times real time at most */
  async until(frame: number, speed: number): Promise<void> {
    const startedMs = performance.now();
    const from = this.frame;
    while (this.frame < frame) {
      const taken = this.#send();
      if (!taken) await once(this.socket, 'drain');
      const aheadMs = ((this.frame - from) * 1000) / 30 / speed - (performance.now() - startedMs);
      if (aheadMs > 5) await delay(aheadMs);
    }
  }

  #send(): boolean {
    const { clip, frame } = this;
    const unit = (frame - this.#first) % LOOP_FRAMES;
    let taken = true;
    for (const name of ['high', 'mid', 'low'] as const) {
      const video = clip[name] as Clip['high'];
      if (frame % video.step !== 0) continue;
      const { data, key } = video.units[unit / video.step] as { data: Buffer; key: boolean };
      taken = this.socket.write(encodeUnit({ track: videoTrack(name), ptsNs: videoFrameStartNs(frame, 30), durationNs: videoFrameStartNs(video.step, 30), key, cached: false, data })) && taken;
    }
    this.frame++;
    for (; aacFrameStartNs(this.#aac + 1) <= videoFrameStartNs(this.frame + 2, 30); this.#aac++)
      taken = this.socket.write(encodeUnit({ track: 'audio:aac', ptsNs: aacFrameStartNs(this.#aac), durationNs: 21_333_333n, key: true, cached: false, data: clip.audio.units[this.#aac % clip.audio.units.length] as Buffer })) && taken;
    return taken;
  }

  close(): void {
    this.socket.destroy();
  }
}
