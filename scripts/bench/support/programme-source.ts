/**
 * The origin's end of the programme protocol with ready-made content, paced in real time: what an edge needs to be tried
 * alone. Loops are from encoded-loop.ts.
 */
import { unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { NS_PER_SECOND, videoFrameStartNs } from '../../../src/domain/programme-time.ts';
import { VIDEO_RENDITIONS, type TrackName } from '../../../src/domain/rendition.ts';
import { FrameReader } from '../../../src/media/framing.ts';
import { encodeProgrammeMessage, encodeUnit, PROGRAMME_FRAME, type SubscriberHello, type TrackInit, type Unit } from '../../../src/media/programme-protocol.ts';
import type { EncodedVideo } from './encoded-loop.ts';

const FRAME_RATE = 30;
const OPUS_PACKET_NS = NS_PER_SECOND / 50n;
/** `low` and its sound come half as often. */
const LOW_STEP = 2;

export interface SourceVideo {
  video: EncodedVideo;
  width: number;
  height: number;
  bitrateBps: number;
}

export interface ProgrammeSourceOptions {
  path: string;
  /** The one room that is live. */
  room: string;
  high?: SourceVideo;
  mid: SourceVideo;
  /** Encoded at half the rate. */
  low?: SourceVideo;
  opus: Buffer[];
  /** Packets of 40 ms. */
  opusLow?: Buffer[];
  /** False: units since the last keyframe are not sent on subscribing, so the edge must ask for one. */
  cache?: boolean;
}

export class ProgrammeSource {
  readonly anchorNs = process.hrtime.bigint();
  readonly anchorUnixMs = Date.now();
  keyframeRequests = 0;
  subscriptions = 0;
  #frame = 0;
  /** Frame whose content is the loop's first: moved by a keyframe request. */
  #loopStart = 0;
  #packet = 0;
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #subscribers = new Set<Socket>();
  readonly #connections = new Set<Socket>();
  readonly #cached = new Map<TrackName, Unit[]>();

  constructor(private readonly options: ProgrammeSourceOptions) {}

  async start(): Promise<void> {
    this.#timer ??= setInterval(() => this.#advance(), 5);
    await this.listen();
  }

  /** Takes subscribers (again): an origin that has come back. */
  async listen(): Promise<void> {
    try {
      unlinkSync(this.options.path);
    } catch {
      // none there
    }
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.options.path, resolve));
  }

  /** Drops all subscribers and takes none; programme time goes on. */
  async interrupt(): Promise<void> {
    const server = this.#server;
    for (const socket of this.#connections) socket.destroy();
    if (server?.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Tells all subscribers that the programme is over. */
  end(): void {
    for (const socket of this.#subscribers) socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.ended, {}));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.interrupt();
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    const reader = new FrameReader((type, payload) => {
      if (type === PROGRAMME_FRAME.subscribe) this.#subscribe(socket, JSON.parse(payload.toString('utf8')) as SubscriberHello);
      else if (type === PROGRAMME_FRAME.keyframeRequest) {
        this.keyframeRequests++;
        this.#loopStart = this.#frame;
      }
    });
    socket.on('data', (chunk) => reader.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.#subscribers.delete(socket);
    });
  }

  #subscribe(socket: Socket, hello: SubscriberHello): void {
    if (hello.room !== this.options.room) {
      socket.end(encodeProgrammeMessage(PROGRAMME_FRAME.refused, { code: 'noLiveProgramme', detail: 'Not live.', retryAfterMs: 1500 }));
      return;
    }
    this.subscriptions++;
    const { anchorNs, anchorUnixMs } = this;
    socket.write(
      encodeProgrammeMessage(PROGRAMME_FRAME.welcome, { room: hello.room, epoch: 1, anchorMonotonicNs: String(anchorNs), anchorUnixMs, frameRate: FRAME_RATE, keyframeGridFrames: 64 }),
    );
    for (const init of this.#inits()) socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.init, init));
    if (this.options.cache !== false) for (const units of this.#cached.values()) for (const unit of units) socket.write(encodeUnit({ ...unit, cached: true }));
    this.#subscribers.add(socket);
  }

  #inits(): TrackInit[] {
    const inits: TrackInit[] = [{ track: 'audio:opus', codec: 'opus', sampleRateHz: 48_000, channels: 2, bitrateBps: 64_000, config: '' }];
    if (this.options.opusLow) inits.push({ track: 'audio:opus-low', codec: 'opus', sampleRateHz: 48_000, channels: 1, bitrateBps: 28_000, config: '' });
    for (const name of VIDEO_RENDITIONS) {
      const rendition = this.options[name];
      if (!rendition) continue;
      const { width, height, bitrateBps, video } = rendition;
      inits.push({ track: `video:${name}`, codec: 'h264', width, height, frameRate: name === 'low' ? FRAME_RATE / LOW_STEP : FRAME_RATE, bitrateBps, config: video.config.toString('base64') });
    }
    return inits;
  }

  #advance(): void {
    const nowNs = process.hrtime.bigint() - this.anchorNs;
    for (let pts = videoFrameStartNs(this.#frame, FRAME_RATE); pts <= nowNs; pts = videoFrameStartNs(this.#frame, FRAME_RATE)) {
      for (const name of ['mid', 'high', 'low'] as const) {
        const units = this.options[name]?.video.units;
        const step = name === 'low' ? LOW_STEP : 1;
        if (!units || this.#frame % step !== 0) continue;
        const start = this.#loopStart + (this.#loopStart % step); // a frame that it has
        const unit = units[((this.#frame - start) / step) % units.length];
        if (unit) this.#send({ track: `video:${name}`, key: unit.key, cached: false, ptsNs: pts, durationNs: (NS_PER_SECOND * BigInt(step)) / BigInt(FRAME_RATE), data: unit.data });
      }
      this.#frame++;
    }
    const { opus, opusLow } = this.options;
    for (let pts = BigInt(this.#packet) * OPUS_PACKET_NS; pts <= nowNs; pts = BigInt(this.#packet) * OPUS_PACKET_NS) {
      this.#send({ track: 'audio:opus', key: true, cached: false, ptsNs: pts, durationNs: OPUS_PACKET_NS, data: opus[this.#packet % opus.length] as Buffer });
      if (opusLow && this.#packet % LOW_STEP === 0)
        this.#send({ track: 'audio:opus-low', key: true, cached: false, ptsNs: pts, durationNs: 2n * OPUS_PACKET_NS, data: opusLow[(this.#packet / LOW_STEP) % opusLow.length] as Buffer });
      this.#packet++;
    }
  }

  #send(unit: Unit): void {
    if (unit.track.startsWith('video:')) {
      const cached = unit.key ? [] : (this.#cached.get(unit.track) ?? []);
      cached.push(unit);
      this.#cached.set(unit.track, cached);
    }
    if (this.#subscribers.size === 0) return;
    const frame = encodeUnit(unit);
    for (const socket of this.#subscribers) socket.write(frame);
  }
}
