/**
 * A real mixer process between a synthetic ingest (real frame rings and feed socket) and a programme server that keeps
 * every unit: what goes in is known to the nanosecond, what comes out is decoded by FFmpeg.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { pluginDir, repoRoot } from '../../src/config/paths.ts';
import type { FeedId, ParticipantId, RoomId } from '../../src/domain/ids.ts';
import type { MixMemory } from '../../src/domain/mix-memory.ts';
import { KEYFRAME_GRID_FRAMES } from '../../src/domain/programme-time.ts';
import type { TrackName } from '../../src/domain/rendition.ts';
import type { LayoutChoice, VideoFormat } from '../../src/domain/room.ts';
import { encodeFeedMessage, encodePcm, FEED_FRAME, feedSocketPath, type FeedInfo, type ParticipantInfo } from '../../src/media/feed-protocol.ts';
import { FrameRingWriter, i420Bytes, ringPath } from '../../src/media/frame-ring.ts';
import { FrameReader } from '../../src/media/framing.ts';
import { decodeUnit, encodeProgrammeMessage, PROGRAMME_FRAME, programmeSocketPath, type SourceHello, type TrackInit, type Unit } from '../../src/media/programme-protocol.ts';
import type { FromMix, MixRoom, ToMix } from '../../src/mixer/mix-ipc.ts';
import { run } from './decode.ts';

export const RIG_ROOM = 'rig' as RoomId;

/** A unit with when it arrived. */
export interface ReceivedUnit extends Unit {
  epoch: number;
  arrivedNs: bigint;
}

/** Programme server of one room, like the origin's side of the protocol. */
export class TestProgramme {
  readonly anchorNs: bigint;
  readonly units: ReceivedUnit[] = [];
  readonly inits = new Map<TrackName, TrackInit>();
  readonly hellos: SourceHello[] = [];
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  constructor(
    readonly path: string,
    anchorNs = process.hrtime.bigint(),
  ) {
    this.anchorNs = anchorNs;
  }

  async listen(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let epoch = 0;
      const reader = new FrameReader((type, payload) => {
        if (type === PROGRAMME_FRAME.hello) {
          const hello = JSON.parse(payload.toString()) as SourceHello;
          this.hellos.push(hello);
          epoch = hello.epoch;
          socket.write(
            encodeProgrammeMessage(PROGRAMME_FRAME.welcome, {
              room: hello.room,
              epoch: hello.epoch,
              anchorMonotonicNs: this.anchorNs.toString(),
              anchorUnixMs: Date.now(),
              frameRate: hello.frameRate,
              keyframeGridFrames: KEYFRAME_GRID_FRAMES,
            }),
          );
        } else if (type === PROGRAMME_FRAME.init) {
          const init = JSON.parse(payload.toString()) as TrackInit;
          this.inits.set(init.track, init);
        } else if (type === PROGRAMME_FRAME.unit) {
          const unit = decodeUnit(payload);
          this.units.push({ ...unit, data: Buffer.from(unit.data), epoch, arrivedNs: process.hrtime.bigint() });
        }
      });
      socket.on('data', (chunk) => reader.push(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((done) => this.#server?.listen(this.path, done));
  }

  requestKeyframe(): void {
    for (const socket of this.#sockets) socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.keyframeRequest, {}));
  }

  track(name: TrackName): ReceivedUnit[] {
    return this.units.filter((u) => u.track === name);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => (this.#server ? this.#server.close(() => done()) : done()));
  }
}

export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** One colour, I420. */
export function plainPicture(width: number, height: number, y: number, u = 128, v = 128): Picture {
  const pixels = new Uint8Array(i420Bytes(width, height)).fill(v);
  pixels.fill(y, 0, width * height);
  pixels.fill(u, width * height, width * height + (width * height) / 4);
  return { width, height, pixels };
}

export interface RigFeedOptions {
  name?: string;
  source?: 'camera' | 'screen';
  video?: boolean;
  rotation?: number;
  frameRate?: number;
}

interface RigFeed {
  info: FeedInfo;
  ring: FrameRingWriter;
  picture: (atNs: bigint) => Picture | undefined;
  options: RigFeedOptions;
  timer: NodeJS.Timeout | undefined;
}

/** The feed side: serves the socket, writes rings, 10 ms of sound at a time. */
export class TestFeeds {
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #feeds = new Map<number, RigFeed>();
  #next = 1;
  #soundTimer: NodeJS.Timeout | undefined;

  constructor(readonly path: string) {}

  async listen(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.write(encodeFeedMessage(FEED_FRAME.hello, { version: 1, room: RIG_ROOM, pid: process.pid }));
      for (const { info } of this.#feeds.values()) socket.write(encodeFeedMessage(FEED_FRAME.feedAdded, info));
    });
    await new Promise<void>((done) => this.#server?.listen(this.path, done));
  }

  /** @param picture what the feed shows at a moment (host monotonic ns); undefined sends nothing */
  add(picture: (atNs: bigint) => Picture | undefined, options: RigFeedOptions = {}): number {
    const index = this.#next++;
    const name = options.name ?? `p${index}`;
    const source = options.source ?? 'camera';
    const ring = new FrameRingWriter(ringPath('rig', RIG_ROOM, process.pid, index, 1), i420Bytes(1920, 1080));
    const info: FeedInfo = {
      feed: `p${index}-${source}-1` as FeedId,
      index,
      participant: `p${index}` as ParticipantId,
      name,
      source,
      ring: ring.path,
      video: options.video ?? true,
      audio: true,
      joinedAtNs: process.hrtime.bigint().toString(),
    };
    const known: RigFeed = { info, ring, picture, options, timer: undefined };
    this.#feeds.set(index, known);
    if (info.video) this.#run(known);
    this.#broadcast(encodeFeedMessage(FEED_FRAME.feedAdded, info));
    return index;
  }

  /** Camera on or off. As with ingest, the first picture is in the ring before the feed is told to have video. */
  setVideo(index: number, video: boolean): void {
    const known = this.#feeds.get(index);
    if (!known || known.info.video === video) return;
    known.info = { ...known.info, video };
    clearTimeout(known.timer);
    if (video) this.#run(known);
    this.#broadcast(encodeFeedMessage(FEED_FRAME.feedAdded, known.info));
  }

  /** What a host changed. */
  participant(index: number, change: Partial<Omit<ParticipantInfo, 'participant'>>): void {
    const info = this.#feeds.get(index)?.info;
    if (!info) return;
    this.#broadcast(
      encodeFeedMessage(FEED_FRAME.participant, { participant: info.participant, name: info.name, audioMuted: false, videoHidden: false, pinned: false, ...change }),
    );
  }

  #run(known: RigFeed): void {
    const stepNs = BigInt(Math.round(1e9 / (known.options.frameRate ?? 30)));
    let dueNs = process.hrtime.bigint();
    const tick = (): void => {
      const now = process.hrtime.bigint();
      const shown = known.picture(now);
      if (shown) known.ring.write(shown.pixels, shown.width, shown.height, known.options.rotation ?? 0, now);
      dueNs += stepNs;
      known.timer = setTimeout(tick, Math.max(0, Number(dueNs - process.hrtime.bigint()) / 1e6));
    };
    tick();
  }

  remove(index: number): void {
    const known = this.#feeds.get(index);
    if (!known) return;
    clearTimeout(known.timer);
    this.#feeds.delete(index);
    this.#broadcast(encodeFeedMessage(FEED_FRAME.feedRemoved, { feed: known.info.feed }));
    known.ring.close();
  }

  speaker(index: number): void {
    this.#broadcast(encodeFeedMessage(FEED_FRAME.speaker, { participant: `p${index}` as ParticipantId }));
  }

  /** @param sample value (−1…1) at a moment, host monotonic ns */
  startSound(sample: (atNs: bigint) => number): void {
    const anchor = process.hrtime.bigint();
    let sent = 0n;
    const send = (): void => {
      while (anchor + ((sent + 480n) * 1_000_000_000n) / 48_000n <= process.hrtime.bigint()) {
        const samples = Buffer.alloc(1920);
        for (let i = 0; i < 480; i++) {
          const value = Math.round(32_000 * sample(anchor + ((sent + BigInt(i)) * 1_000_000_000n) / 48_000n));
          samples.writeInt16LE(value, i * 4);
          samples.writeInt16LE(value, i * 4 + 2);
        }
        this.#broadcast(encodePcm({ ptsNs: anchor + (sent * 1_000_000_000n) / 48_000n, firstSample: sent, samples }));
        sent += 480n;
      }
    };
    this.#soundTimer = setInterval(send, 10);
  }

  stopSound(): void {
    clearInterval(this.#soundTimer);
  }

  #broadcast(frame: Buffer): void {
    for (const socket of this.#sockets) socket.write(frame);
  }

  async close(): Promise<void> {
    this.stopSound();
    for (const index of [...this.#feeds.keys()]) this.remove(index);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => (this.#server ? this.#server.close(() => done()) : done()));
  }
}

export interface MixChild {
  process: ChildProcess;
  messages: FromMix[];
  send(message: ToMix): void;
  /** Resolves with the first message of the type. */
  until<T extends FromMix['type']>(type: T, timeoutMs?: number): Promise<Extract<FromMix, { type: T }>>;
}

export class MixerRig {
  readonly dir = mkdtempSync('/tmp/tessera-rig-');
  readonly programme = new TestProgramme(programmeSocketPath(this.dir));
  readonly feeds = new TestFeeds(feedSocketPath(this.dir, RIG_ROOM));
  readonly #children = new Set<ChildProcess>();

  async open(): Promise<void> {
    await run(join(repoRoot, 'pipelines/plugin/build.sh'), []);
    await this.programme.listen();
    await this.feeds.listen();
  }

  room(layout: LayoutChoice = { preset: 'grid' }, labels = false, video: VideoFormat = { width: 1280, height: 720, frameRate: 30 }): MixRoom {
    return { id: RIG_ROOM, layout, overlays: { labels }, recording: false, images: {}, video };
  }

  /** A mixer process, loaded and waiting. */
  async spare(): Promise<MixChild> {
    const child = fork(join(repoRoot, 'workers/mix-room.ts'), [], {
      execArgv: ['--import', 'tsx'],
      cwd: repoRoot,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '24', GST_PLUGIN_PATH: pluginDir },
    });
    this.#children.add(child);
    const messages: FromMix[] = [];
    child.on('message', (message: FromMix) => messages.push(message));
    const mix: MixChild = {
      process: child,
      messages,
      send: (message) => void child.send(message),
      until: async (type, timeoutMs = 15_000) => {
        const endMs = Date.now() + timeoutMs;
        for (;;) {
          const found = messages.find((m) => m.type === type);
          if (found) return found as never;
          if (Date.now() > endMs) throw new Error(`the mixer did not say ${type} within ${timeoutMs} ms`);
          await new Promise((done) => setTimeout(done, 5));
        }
      },
    };
    await mix.until('loaded');
    return mix;
  }

  start(mix: MixChild, epoch = 1, room = this.room(), more: { memory?: MixMemory; calmNeededMs?: number } = {}): void {
    mix.send({ type: 'start', room, epoch, feedSocket: this.feeds.path, programmeSocket: this.programme.path, ...more });
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await gone;
    }
    await this.feeds.close();
    await this.programme.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** H.264 units with their avcC as an Annex B stream. */
export function annexB(init: TrackInit, units: readonly Unit[]): Buffer {
  const start = Buffer.from([0, 0, 0, 1]);
  const avcc = Buffer.from(init.config, 'base64');
  const out: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (avcc[at++] as number) & mask;
    for (let i = 0; i < count; i++) {
      const length = avcc.readUInt16BE(at);
      out.push(start, avcc.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  for (const unit of units)
    for (let i = 0; i + 4 <= unit.data.length; ) {
      const length = unit.data.readUInt32BE(i);
      out.push(start, unit.data.subarray(i + 4, i + 4 + length));
      i += 4 + length;
    }
  return Buffer.concat(out);
}

/** AAC units with ADTS headers, 48 kHz stereo LC. */
export function adts(units: readonly Unit[]): Buffer {
  return Buffer.concat(
    units.flatMap(({ data }) => {
      const length = data.length + 7;
      const head = Buffer.from([0xff, 0xf1, (1 << 6) | (3 << 2), (2 << 6) | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc]);
      return [head, data];
    }),
  );
}

/** Every unit's picture, RGB of `width` × `height`; units must begin with a keyframe. */
export async function decodeUnitPictures(init: TrackInit, units: readonly Unit[], width: number, height: number): Promise<Buffer[]> {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-threads', '1', '-f', 'h264', '-i', 'pipe:0', '-vf', `scale=${width}:${height}:flags=area`, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
    { input: annexB(init, units), timeoutMs: 60_000 },
  );
  const bytes = width * height * 3;
  return Array.from({ length: Math.floor(stdout.length / bytes) }, (_, i) => stdout.subarray(i * bytes, (i + 1) * bytes));
}

/** Width and height of the pictures as they are. */
export async function pictureSize(init: TrackInit, units: readonly Unit[]): Promise<[width: number, height: number]> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-f', 'h264', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', 'pipe:0'], { input: annexB(init, units.slice(0, 2)) });
  const [width = 0, height = 0] = stdout.toString().split(',').map(Number);
  return [width, height];
}

/** Sound of AAC units, mono, 48 kHz; the first sample stands at the first unit's time. */
export async function decodeUnitSound(units: readonly Unit[]): Promise<Float32Array> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-f', 'aac', '-i', 'pipe:0', '-ac', '1', '-ar', '48000', '-f', 'f32le', 'pipe:1'], {
    input: adts(units),
    timeoutMs: 60_000,
  });
  return new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + (stdout.length & ~3)));
}
