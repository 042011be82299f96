/**
 * A stand-in for the mixer in tests of what lies behind it: real x264 and AAC made by FFmpeg beforehand, sent over the
 * programme socket in real time, with keyframes on the grid.
 */
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import type { RoomId } from '../../src/domain/ids.ts';
import { NS_PER_MS, aacFrameStartNs, videoFrameStartNs } from '../../src/domain/programme-time.ts';
import { videoTrack, type TrackName } from '../../src/domain/rendition.ts';
import { FrameReader } from '../../src/media/framing.ts';
import { PROGRAMME_FRAME as F, encodeProgrammeMessage, encodeUnit, type Refused, type Welcome } from '../../src/media/programme-protocol.ts';

export interface EncodedVideo {
  avcC: Buffer;
  width: number;
  height: number;
  /** Each is shown for so many frames of the programme. */
  step: 1 | 2;
  units: { data: Buffer; key: boolean }[];
}

export interface EncodedAudio {
  config: Buffer;
  units: Buffer[];
}

export interface Clip {
  /** Programme frame number modulo 64 of the clip's first frame. */
  phase: number;
  high: EncodedVideo;
  mid: EncodedVideo;
  /** At half the rate, on even frames of the programme. */
  low?: EncodedVideo;
  audio: EncodedAudio;
}

/** @param phase frames since the last place of the keyframe grid at the clip's start */
export async function encodeClip(seconds: number, phase: number, sizes: { high: string; mid: string; low?: string } = { high: '320x180', mid: '160x90' }, rates: { high: string; mid: string } = { high: '300k', mid: '100k' }): Promise<Clip> {
  const high = await encodeVideo(seconds, phase, sizes.high, rates.high);
  const mid = await encodeVideo(seconds, phase, sizes.mid, rates.mid);
  const low = sizes.low === undefined ? undefined : await encodeVideo(seconds, phase, sizes.low, '60k', 2);
  const adts = await ffmpeg(['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`, '-ac', '2', '-c:a', 'aac', '-b:a', '96k', '-f', 'adts', 'pipe:1']);
  return { phase, high, mid, ...(low ? { low } : {}), audio: { config: Buffer.from([0x11, 0x90]), units: splitAdts(adts) } };
}

async function encodeVideo(seconds: number, phase: number, size: string, rate: string, step: 1 | 2 = 1): Promise<EncodedVideo> {
  const first = step * Math.ceil(phase / step);
  const stream = await ffmpeg([
    '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${30 / step}:duration=${seconds}`, '-pix_fmt', 'yuv420p',
    '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-b:v', rate, '-maxrate', rate, '-bufsize', rate,
    '-g', '9999', '-sc_threshold', '0', '-force_key_frames', `expr:not(mod(${step}*n+${first},64))`, '-bsf:v', 'h264_metadata=aud=insert', '-f', 'h264', 'pipe:1',
  ]);
  const [width, height] = size.split('x').map(Number) as [number, number];
  const units: EncodedVideo['units'] = [];
  let sps: Buffer | undefined;
  let pps: Buffer | undefined;
  let current: Buffer[] = [];
  let key = false;
  const finish = (): void => {
    if (current.length > 0) units.push({ data: Buffer.concat(current), key });
    current = [];
    key = false;
  };
  for (const nal of splitAnnexB(stream)) {
    const type = (nal[0] as number) & 31;
    if (type === 9) finish();
    else if (type === 7) sps = nal;
    else if (type === 8) pps = nal;
    else if (type === 1 || type === 5) {
      if (type === 5) key = true;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.length);
      current.push(length, nal);
    }
  }
  finish();
  if (!sps || !pps) throw new Error('FFmpeg made no parameter sets');
  return { avcC: avcRecord(sps, pps), width, height, step, units };
}

export function avcRecord(sps: Buffer, pps: Buffer): Buffer {
  const length = (b: Buffer): Buffer => Buffer.from([b.length >> 8, b.length & 255]);
  return Buffer.concat([Buffer.from([1, sps[1] as number, sps[2] as number, sps[3] as number, 0xff, 0xe1]), length(sps), sps, Buffer.from([1]), length(pps), pps]);
}

function splitAnnexB(stream: Buffer): Buffer[] {
  const starts: { from: number; code: number }[] = [];
  const code = Buffer.from([0, 0, 1]);
  for (let at = stream.indexOf(code); at >= 0; at = stream.indexOf(code, at + 3)) starts.push({ from: at + 3, code: stream[at - 1] === 0 ? at - 1 : at });
  return starts.map((s, i) => stream.subarray(s.from, starts[i + 1]?.code ?? stream.length));
}

function splitAdts(stream: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 0; at + 7 <= stream.length; ) {
    const length = (((stream[at + 3] as number) & 3) << 11) | ((stream[at + 4] as number) << 3) | ((stream[at + 5] as number) >> 5);
    const header = ((stream[at + 1] as number) & 1) === 1 ? 7 : 9;
    units.push(stream.subarray(at + header, at + length));
    at += length;
  }
  return units;
}

/** Runs FFmpeg to its end. @throws Error with what it wrote when it fails */
export function ffmpeg(args: readonly string[], input?: Buffer, timeoutMs = 60_000): Promise<Buffer> {
  return run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args].filter((a) => input === undefined || a !== '-nostdin'), input, timeoutMs);
}

export function run(command: string, args: readonly string[], input?: Buffer, timeoutMs = 60_000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (d: Buffer) => out.push(d));
    child.stderr.on('data', (d: Buffer) => (err += d.toString()));
    child.stdin.on('error', () => undefined);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`${command} ended with ${code}: ${err}`));
    });
    child.stdin.end(input);
  });
}

/** One epoch of a mixer. */
export class ProgrammeSource {
  welcome: Welcome | undefined;
  refused: Refused | undefined;
  keyframeRequests = 0;
  firstFrame = 0;
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  #paused = false;

  private constructor(
    socketPath: string,
    private readonly clip: Clip,
    private readonly latencyMs: number,
  ) {
    this.#socket = connect(socketPath);
    this.#socket.on('error', () => undefined);
  }

  /** Connects, waits for the answer and starts to send at the next frame that suits the clip. */
  static async start(socketPath: string, room: RoomId, epoch: number, clip: Clip, latencyMs = 100): Promise<ProgrammeSource> {
    const source = new ProgrammeSource(socketPath, clip, latencyMs);
    const answered = new Promise<void>((resolve, reject) => {
      const reader = new FrameReader((type, payload) => {
        if (type === F.welcome) source.welcome = JSON.parse(payload.toString()) as Welcome;
        if (type === F.refused) source.refused = JSON.parse(payload.toString()) as Refused;
        if (type === F.keyframeRequest) source.keyframeRequests++;
        if (type === F.welcome || type === F.refused) resolve();
      });
      source.#socket.on('data', (chunk: Buffer) => reader.push(chunk));
      source.#socket.on('close', () => reject(new Error('the origin closed the connection')));
    });
    source.#socket.write(encodeProgrammeMessage(F.hello, { version: 1, room, epoch, frameRate: 30, renditions: clip.low ? ['high', 'mid', 'low'] : ['high', 'mid'] }));
    await answered;
    if (source.welcome) source.#send(source.welcome);
    return source;
  }

  /** Stops to deliver but keeps the connection, as a stopped process does; `false` goes on with what has come due. */
  pause(paused: boolean): void {
    this.#paused = paused;
  }

  /** As a killed process. */
  kill(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }

  #send(welcome: Welcome): void {
    const { clip } = this;
    const anchor = BigInt(welcome.anchorMonotonicNs);
    const videos = ([['high', clip.high], ['mid', clip.mid], ['low', clip.low]] as const).flatMap(([name, video]) => (video ? [{ name, video, sent: 0 }] : []));
    for (const { name, video } of videos) {
      this.#socket.write(
        encodeProgrammeMessage(F.init, { track: `video:${name}`, codec: 'h264', width: video.width, height: video.height, frameRate: 30 / video.step, bitrateBps: 300_000, config: video.avcC.toString('base64') }),
      );
    }
    this.#socket.write(encodeProgrammeMessage(F.init, { track: 'audio:aac', codec: 'aac', sampleRateHz: 48000, channels: 2, bitrateBps: 96_000, config: clip.audio.config.toString('base64') }));
    const now = Number((process.hrtime.bigint() - anchor) / NS_PER_MS) / 1000;
    let first = Math.ceil(now * 30) + 2;
    while (first % 64 !== clip.phase % 64) first++;
    this.firstFrame = first;
    const firstAac = Math.ceil((first * 48000) / (1024 * 30));
    let audio = 0;
    this.#timer = setInterval(() => {
      if (this.#paused) return;
      const dueNs = process.hrtime.bigint() - anchor - BigInt(this.latencyMs) * NS_PER_MS;
      for (const stream of videos) {
        const { step, units } = stream.video;
        for (;;) {
          const frame = step * (Math.ceil(first / step) + stream.sent);
          const unit = units[stream.sent];
          // encoded when its picture is there, not when that has been shown
          if (!unit || videoFrameStartNs(frame + 1, 30) > dueNs) break;
          this.#unit(videoTrack(stream.name), videoFrameStartNs(frame, 30), videoFrameStartNs(step, 30), unit.key, unit.data);
          stream.sent++;
        }
      }
      while (audio < clip.audio.units.length && aacFrameStartNs(firstAac + audio + 1) <= dueNs) {
        this.#unit('audio:aac', aacFrameStartNs(firstAac + audio), 21_333_333n, true, clip.audio.units[audio] as Buffer);
        audio++;
      }
    }, 10);
  }

  #unit(track: TrackName, ptsNs: bigint, durationNs: bigint, key: boolean, data: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeUnit({ track, ptsNs, durationNs, key, cached: false, data }));
  }
}
