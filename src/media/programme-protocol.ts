/**
 * Mixer → origin and origin → edge: access units with programme time. A Unix socket (`<runDir>/programme.sock`) or TCP with
 * a shared secret, served by the origin. Framing: framing.ts. One connection carries one room.
 *
 * A mixer: sends `hello`, gets `welcome` (or `refused`), then sends `init` once per track before its first unit (again when
 * parameters change), `unit`s, `stats` once a second; gets `keyframeRequest`s.
 * A subscriber (edge): sends `subscribe`, gets `welcome` when the room has a programme (or `refused` with `noLiveProgramme`),
 * then the known `init`s, the units since the last keyframe of each video rendition (marked `cached`), then the live flow;
 * sends `keyframeRequest`s; gets `ended` when the programme ends. The connection stays over mixer restarts (`epoch` tells).
 */
import type { ErrorCode } from '../domain/errors.ts';
import type { RoomId } from '../domain/ids.ts';
import { TRACKS, trackName, type TrackName, type VideoRendition } from '../domain/rendition.ts';
import { encodeFrame, encodeJsonFrame } from './framing.ts';

export const PROGRAMME_FRAME = {
  /** mixer → origin, {@link SourceHello}. */
  hello: 1,
  /** edge → origin, {@link SubscriberHello}. */
  subscribe: 2,
  /** origin → both, {@link Welcome}. */
  welcome: 3,
  /** origin → both, {@link Refused}; then the origin closes the connection. */
  refused: 4,
  /** {@link TrackInit}. */
  init: 5,
  /** Binary: see {@link encodeUnit}. */
  unit: 6,
  /** mixer → origin, {@link MixStats}. */
  stats: 7,
  /** edge → origin → mixer, {@link KeyframeRequest}. Merged to one a second. */
  keyframeRequest: 8,
  /** origin → edge: the programme ended. `{}` */
  ended: 9,
  /** origin → edge: a new epoch delivers. `{epoch}` */
  epoch: 10,
} as const;

export interface SourceHello {
  version: 1;
  room: RoomId;
  epoch: number;
  frameRate: number;
  /** What it will send: the first part waits for all of them, for a while. */
  renditions: readonly VideoRendition[];
  /** Only checked on TCP. */
  secret?: string;
}

export interface SubscriberHello {
  version: 1;
  room: RoomId;
  secret?: string;
}

export interface Welcome {
  room: RoomId;
  epoch: number;
  /** Host monotonic ns of programme time 0, decimal. Only meaningful on the same host. */
  anchorMonotonicNs: string;
  /** Wall clock at programme time 0, ms since 1970: PROGRAM-DATE-TIME and sender reports. */
  anchorUnixMs: number;
  frameRate: number;
  /** IDRs that cut stand on multiples of this many frames. */
  keyframeGridFrames: number;
}

export interface Refused {
  code: ErrorCode;
  detail: string;
  retryAfterMs?: number;
  /** With `staleEpoch`: the one that counts; the next must be higher. */
  epoch?: number;
}

export type TrackInit =
  | {
      track: Extract<TrackName, `video:${string}`>;
      codec: 'h264';
      width: number;
      height: number;
      frameRate: number;
      bitrateBps: number;
      /** avcC (ISO/IEC 14496-15 §5.3.3.1), base64. */
      config: string;
    }
  | {
      track: Extract<TrackName, `audio:${string}`>;
      codec: 'aac' | 'opus';
      sampleRateHz: number;
      channels: number;
      bitrateBps: number;
      /** AudioSpecificConfig for AAC, base64; empty for Opus. */
      config: string;
    };

export interface Unit {
  track: TrackName;
  /** IDR; true for every audio unit. */
  key: boolean;
  /** Sent from the cache when subscribing, not live. */
  cached: boolean;
  /** Programme time. */
  ptsNs: bigint;
  durationNs: bigint;
  /** H.264: AVC format, 4-byte NAL lengths, no SPS/PPS in band. AAC: a raw frame without ADTS. Opus: a packet. */
  data: Buffer;
}

export interface MixStats {
  epoch: number;
  /** Frames the compositor put out since the start of the epoch. */
  frames: number;
  /** How late the last unit left, against its programme time, in ms. */
  latenessMs: number;
  feeds: number;
  dropped: number;
}

export interface KeyframeRequest {
  rendition?: VideoRendition;
}

const FLAG_KEY = 1;
const FLAG_CACHED = 2;
const UNIT_HEADER_BYTES = 18;

export function encodeProgrammeMessage(
  type: Exclude<(typeof PROGRAMME_FRAME)[keyof typeof PROGRAMME_FRAME], 6>,
  value: SourceHello | SubscriberHello | Welcome | Refused | TrackInit | MixStats | KeyframeRequest | { epoch: number } | Record<string, never>,
): Buffer {
  return encodeJsonFrame(type, value);
}

/** `u8 track, u8 flags, i64 BE ptsNs, i64 BE durationNs, bytes`. */
export function encodeUnit(unit: Unit): Buffer {
  const head = Buffer.allocUnsafe(UNIT_HEADER_BYTES);
  head[0] = TRACKS[unit.track];
  head[1] = (unit.key ? FLAG_KEY : 0) | (unit.cached ? FLAG_CACHED : 0);
  head.writeBigInt64BE(unit.ptsNs, 2);
  head.writeBigInt64BE(unit.durationNs, 10);
  return encodeFrame(PROGRAMME_FRAME.unit, head, unit.data);
}

/**
 * `data` is a view of `payload`: copy it if it is kept while the reader goes on.
 * @throws RangeError on an unknown track or a short payload.
 */
export function decodeUnit(payload: Buffer): Unit {
  if (payload.length < UNIT_HEADER_BYTES) throw new RangeError('unit is too short');
  const track = trackName(payload[0] as number);
  if (track === undefined) throw new RangeError(`unknown track ${payload[0]}`);
  const flags = payload[1] as number;
  return {
    track,
    key: (flags & FLAG_KEY) !== 0,
    cached: (flags & FLAG_CACHED) !== 0,
    ptsNs: payload.readBigInt64BE(2),
    durationNs: payload.readBigInt64BE(10),
    data: payload.subarray(UNIT_HEADER_BYTES),
  };
}

export function programmeSocketPath(runDir: string): string {
  return `${runDir}/programme.sock`;
}
