/**
 * What all viewers of a room share: each encoded unit cut into packets once. Keeps one timeline over restarts of mixer and
 * origin: a programme that begins anew (another anchor) goes on where its wall clock says.
 */
import { NS_PER_MS } from '../domain/programme-time.ts';
import type { Rendition, TrackName, VideoRendition } from '../domain/rendition.ts';
import type { TrackInit, Unit, Welcome } from '../media/programme-protocol.ts';
import { packetiseH264, packetiseOpus, parameterSets } from '../media/rtp-h264.ts';
import { AUDIO_CLOCK_HZ, rtpTicks, VIDEO_CLOCK_HZ } from '../media/rtp.ts';
import { PacketRing } from './packet-ring.ts';

const VIDEO_RING_PACKETS = 2048;
const AUDIO_RING_PACKETS = 256;

const RENDITION_OF: Partial<Record<TrackName, Rendition>> = { 'video:high': 'high', 'video:mid': 'mid', 'video:low': 'low', 'audio:opus': 'audio' };

interface SharedTrack {
  ring: PacketRing;
  clockHz: number;
  lastNs: bigint;
}

export class SharedTracks {
  /** Units that could not be read, or came twice. */
  malformed = 0;
  repeated = 0;
  #anchorUnixMs: number | undefined;
  #shiftNs = 0n;
  #sets: Record<VideoRendition, Buffer[]> = { high: [], mid: [], low: [] };
  readonly #tracks = {
    high: newTrack(VIDEO_RING_PACKETS, VIDEO_CLOCK_HZ),
    mid: newTrack(VIDEO_RING_PACKETS, VIDEO_CLOCK_HZ),
    low: newTrack(VIDEO_RING_PACKETS, VIDEO_CLOCK_HZ),
    audio: newTrack(AUDIO_RING_PACKETS, AUDIO_CLOCK_HZ),
  };

  readonly rings: Readonly<Record<Rendition, PacketRing>> = {
    high: this.#tracks.high.ring,
    mid: this.#tracks.mid.ring,
    low: this.#tracks.low.ring,
    audio: this.#tracks.audio.ring,
  };

  welcomed(welcome: Welcome): void {
    this.#anchorUnixMs ??= welcome.anchorUnixMs;
    this.#shiftNs = BigInt(Math.round(welcome.anchorUnixMs - this.#anchorUnixMs)) * NS_PER_MS;
  }

  /** Wall clock at tick 0 of every track, ms since 1970. */
  get anchorUnixMs(): number {
    return this.#anchorUnixMs ?? 0;
  }

  init(init: TrackInit): void {
    if (init.codec !== 'h264') return;
    const rendition = init.track.slice('video:'.length) as VideoRendition;
    try {
      this.#sets[rendition] = parameterSets(Buffer.from(init.config, 'base64'));
    } catch {
      this.malformed++;
    }
  }

  /** @returns the track that grew; undefined for tracks we do not send and for units we have already */
  unit(unit: Unit): Rendition | undefined {
    const name = RENDITION_OF[unit.track];
    if (name === undefined) return undefined;
    const track = this.#tracks[name];
    const timeNs = unit.ptsNs + this.#shiftNs;
    if (timeNs <= track.lastNs) {
      this.repeated++;
      return undefined;
    }
    try {
      const packets = name === 'audio' ? [packetiseOpus(unit.data)] : packetiseH264(unit.data, this.#sets[name]);
      if (packets.length === 0) return undefined;
      track.lastNs = timeNs;
      track.ring.push(packets, rtpTicks(timeNs, track.clockHz), unit.key);
      return name;
    } catch {
      this.malformed++;
      return undefined;
    }
  }
}

function newTrack(packets: number, clockHz: number): SharedTrack {
  return { ring: new PacketRing(packets), clockHz, lastNs: -1n };
}
