/** What a WHEP connection's statistics say about the picture; pure. */
import type { Quality } from './playback.ts';

export interface WhepSample {
  /** Monotonic. */
  atMs: number;
  framesDecoded: number;
  frameHeight: number;
  audioPackets: number;
  freezes: number;
  /** Wall clock of the programme for what is on the screen, Unix ms; known from the sender's reports on. */
  playingUnixMs?: number;
}

/** NTP counts from 1900 (RFC 5905). */
const NTP_TO_UNIX_MS = 2_208_988_800_000;

export function sampleOf(report: Iterable<Record<string, unknown>>, atMs: number): WhepSample {
  const sample: WhepSample = { atMs, framesDecoded: 0, frameHeight: 0, audioPackets: 0, freezes: 0 };
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  for (const stats of report) {
    if (stats['type'] !== 'inbound-rtp') continue;
    if (stats['kind'] === 'audio') sample.audioPackets += number(stats['packetsReceived']);
    if (stats['kind'] !== 'video') continue;
    sample.framesDecoded = number(stats['framesDecoded']);
    sample.frameHeight = number(stats['frameHeight']);
    sample.freezes = number(stats['freezeCount']);
    const playout = number(stats['estimatedPlayoutTimestamp']);
    // Chromium gives NTP time; one that gives Unix time would not reach the year 2000 in it
    if (playout > 0) sample.playingUnixMs = playout > NTP_TO_UNIX_MS ? playout - NTP_TO_UNIX_MS : playout;
  }
  return sample;
}

/** The rendition by the height of its picture: `high` is the programme's own, `mid` half, `low` a quarter. */
export function renditionByHeight(height: number, programmeHeight: number): Exclude<Quality, 'auto'> | undefined {
  if (height === 0) return undefined;
  const share = height / programmeHeight;
  return share > 0.75 ? 'high' : share > 0.375 ? 'mid' : 'low';
}

/** Without a new picture for so long, while sound flows, a poster stands for it. */
const NO_PICTURE_MS = 2_000;

/** Tells from one sample to the next whether there is a picture. */
export class PictureWatch {
  #frames = -1;
  #changedAtMs = 0;
  #packets = 0;

  /** @returns false when only sound comes */
  take({ atMs, framesDecoded, audioPackets }: WhepSample): boolean {
    if (framesDecoded !== this.#frames) {
      this.#frames = framesDecoded;
      this.#changedAtMs = atMs;
    }
    const sound = audioPackets > this.#packets;
    this.#packets = audioPackets;
    return !(sound && atMs - this.#changedAtMs >= NO_PICTURE_MS);
  }
}
