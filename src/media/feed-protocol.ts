/**
 * Ingest → mixer, same host: a Unix socket per room (`<runDir>/feeds-<room>.sock`), served by the room's ingest process.
 * Pixels go through the frame ring (frame-ring.ts), whose sequence number is the only notice of a new picture; everything else
 * is here. Framing: framing.ts.
 *
 * On connecting, the mixer gets `hello`, then one `feedAdded` per feed, then the live flow. Any number of readers may connect.
 * All timestamps: absolute host monotonic ns (`process.hrtime`), as u64 BE in binary frames and decimal strings in JSON.
 *
 * Pixels keep their own orientation: `rotation` (0, 90, 180, 270 clockwise) is what the reader must turn them by to stand upright.
 */
import type { FeedId, ParticipantId, RoomId } from '../domain/ids.ts';
import type { SourceKind } from '../domain/room.ts';
import { encodeFrame, encodeJsonFrame } from './framing.ts';

export const FEED_FRAME = {
  /** ingest → mixer, JSON {@link FeedHello}. */
  hello: 1,
  /** ingest → mixer, JSON {@link FeedInfo}. Also sent again when the ring was replaced (a larger picture): the newest one counts. */
  feedAdded: 2,
  /** ingest → mixer, JSON `{feed}`. */
  feedRemoved: 3,
  /** ingest → mixer, JSON {@link ParticipantInfo}: name, mute, hidden, pinned changed. */
  participant: 4,
  /** ingest → mixer, JSON `{participant?: ParticipantId}`: the dominant speaker after hysteresis. */
  speaker: 5,
  /** ingest → mixer, binary, see {@link encodePcm}: 10 or 20 ms of programme sound. */
  pcm: 7,
} as const;

export interface FeedHello {
  version: 1;
  room: RoomId;
  pid: number;
}

export interface FeedInfo {
  feed: FeedId;
  /** Small number that stands for the feed; unique within the ingest process, never reused. */
  index: number;
  participant: ParticipantId;
  name: string;
  source: SourceKind;
  /** Path of the frame ring in /dev/shm. */
  ring: string;
  /** False while the participant sends no picture (camera off). */
  video: boolean;
  audio: boolean;
  /** Width ÷ height of the newest picture once it stands upright; absent before the first one. */
  aspect?: number;
  joinedAtNs: string;
}

export interface ParticipantInfo {
  participant: ParticipantId;
  name: string;
  audioMuted: boolean;
  /** By themselves; a screen that they share may still be heard. */
  microphoneOff?: boolean;
  videoHidden: boolean;
  pinned: boolean;
}

export interface PcmBlock {
  /** Of the first sample: anchor + samples ÷ rate, re-anchored only beyond 60 ms. */
  ptsNs: bigint;
  /** Counts programme samples since the room's start; jumps only with a re-anchoring. */
  firstSample: bigint;
  /** s16le, 48 kHz, stereo interleaved; 480 frames = 1920 bytes for each 10 ms. */
  samples: Buffer;
}

export function encodeFeedMessage(
  type: (typeof FEED_FRAME)['hello' | 'feedAdded' | 'feedRemoved' | 'participant' | 'speaker'],
  value: FeedHello | FeedInfo | { feed: FeedId } | ParticipantInfo | { participant?: ParticipantId },
): Buffer {
  return encodeJsonFrame(type, value);
}

export function encodePcm(block: PcmBlock): Buffer {
  const head = Buffer.allocUnsafe(16);
  head.writeBigUInt64BE(block.ptsNs, 0);
  head.writeBigUInt64BE(block.firstSample, 8);
  return encodeFrame(FEED_FRAME.pcm, head, block.samples);
}

export function decodePcm(payload: Buffer): PcmBlock {
  return { ptsNs: payload.readBigUInt64BE(0), firstSample: payload.readBigUInt64BE(8), samples: payload.subarray(16) };
}

/** Where a room's ingest process listens for its mixers. */
export function feedSocketPath(runDir: string, room: RoomId): string {
  return `${runDir}/feeds-${room}.sock`;
}
