/**
 * What all viewers of a room share: each encoded unit cut into packets once. Keeps one timeline over restarts of mixer and
 * origin: a programme that begins anew (another anchor) goes on where its wall clock says.
 */
import { NS_PER_MS } from '../domain/programme-time.ts';
import { VIDEO_RENDITIONS, type Rendition, type TrackName, type VideoRendition } from '../domain/rendition.ts';
import type { TrackInit, Unit, Welcome } from '../media/programme-protocol.ts';
import { packetiseH264, packetiseOpus, parameterSets } from '../media/rtp-h264.ts';
import { AUDIO_CLOCK_HZ, rtpTicks, VIDEO_CLOCK_HZ } from '../media/rtp.ts';
import { PacketRing } from './packet-ring.ts';

const VIDEO_RING_PACKETS = 2048;
const AUDIO_RING_PACKETS = 256;

/** Sound for `low` and `audio` comes in packets of 40 ms, mono; for the others in packets of 20 ms, stereo. */
export type SharedName = VideoRendition | 'sound' | 'soundLow';

const SHARED_NAME_OF: Partial<Record<TrackName, SharedName>> = {
  'video:high': 'high',
  'video:mid': 'mid',
  'video:low': 'low',
  'audio:opus': 'sound',
  'audio:opus-low': 'soundLow',
};

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
  #gridTicks = 0;
  #sets: Record<VideoRendition, Buffer[]> = { high: [], mid: [], low: [] };
  readonly #bitrates: Partial<Record<SharedName, number>> = {};
  readonly #tracks: Record<SharedName, SharedTrack> = {
    high: newTrack(VIDEO_RING_PACKETS, VIDEO_CLOCK_HZ),
    mid: newTrack(VIDEO_RING_PACKETS, VIDEO_CLOCK_HZ),
    low: newTrack(VIDEO_RING_PACKETS, VIDEO_CLOCK_HZ),
    sound: newTrack(AUDIO_RING_PACKETS, AUDIO_CLOCK_HZ),
    soundLow: newTrack(AUDIO_RING_PACKETS, AUDIO_CLOCK_HZ),
  };

  readonly rings: Readonly<Record<SharedName, PacketRing>> = {
    high: this.#tracks.high.ring,
    mid: this.#tracks.mid.ring,
    low: this.#tracks.low.ring,
    sound: this.#tracks.sound.ring,
    soundLow: this.#tracks.soundLow.ring,
  };

  welcomed(welcome: Welcome): void {
    this.#anchorUnixMs ??= welcome.anchorUnixMs;
    this.#shiftNs = BigInt(Math.round(welcome.anchorUnixMs - this.#anchorUnixMs)) * NS_PER_MS;
    this.#gridTicks = (welcome.keyframeGridFrames * VIDEO_CLOCK_HZ) / welcome.frameRate;
  }

  /** The sound that goes with a rendition; a mixer that sends only one has it for all. */
  soundFor(rendition: Rendition): PacketRing {
    const { sound, soundLow } = this.rings;
    const low = rendition === 'low' || rendition === 'audio';
    return low && soundLow.head > 0 ? soundLow : sound;
  }

  /** Video renditions of which something has come, best first. */
  get available(): VideoRendition[] {
    return VIDEO_RENDITIONS.filter((name) => this.rings[name].head > 0);
  }

  /** What a viewer who asks for `rendition` gets: that, or the nearest that the mixer sends. */
  nearest(rendition: Rendition): Rendition {
    if (rendition === 'audio' || this.rings[rendition].head > 0) return rendition;
    const at = VIDEO_RENDITIONS.indexOf(rendition);
    const distance = (name: VideoRendition): number => Math.abs(VIDEO_RENDITIONS.indexOf(name) - at);
    return this.available.sort((a, b) => distance(a) - distance(b))[0] ?? rendition;
  }

  /** As the mixer announced it, sound included. */
  bitrateBps(rendition: Rendition): number {
    const sound = this.soundFor(rendition) === this.rings.soundLow ? (this.#bitrates.soundLow ?? 28_000) : (this.#bitrates.sound ?? 96_000);
    return sound + (rendition === 'audio' ? 0 : (this.#bitrates[rendition] ?? 0));
  }

  /** How long until the next keyframe comes by itself (on the grid), ms. */
  keyframeDueMs(rendition: VideoRendition): number {
    if (this.#gridTicks === 0) return 0;
    const atTicks = this.rings[rendition].headTicks - rtpTicks(this.#shiftNs, VIDEO_CLOCK_HZ);
    const due = (Math.floor(atTicks / this.#gridTicks) + 1) * this.#gridTicks - atTicks;
    return (1000 * due) / VIDEO_CLOCK_HZ;
  }

  /** Wall clock at tick 0 of every track, ms since 1970. */
  get anchorUnixMs(): number {
    return this.#anchorUnixMs ?? 0;
  }

  init(init: TrackInit): void {
    const name = SHARED_NAME_OF[init.track];
    if (name !== undefined) this.#bitrates[name] = init.bitrateBps;
    if (init.codec !== 'h264') return;
    const rendition = init.track.slice('video:'.length) as VideoRendition;
    try {
      this.#sets[rendition] = parameterSets(Buffer.from(init.config, 'base64'));
    } catch {
      this.malformed++;
    }
  }

  /** @returns the track that grew; undefined for tracks we do not send and for units we have already */
  unit(unit: Unit): SharedName | undefined {
    const name = SHARED_NAME_OF[unit.track];
    if (name === undefined) return undefined;
    const track = this.#tracks[name];
    const timeNs = unit.ptsNs + this.#shiftNs;
    if (timeNs <= track.lastNs) {
      this.repeated++;
      return undefined;
    }
    try {
      const packets = name === 'sound' || name === 'soundLow' ? [packetiseOpus(unit.data)] : packetiseH264(unit.data, this.#sets[name]);
      if (packets.length === 0) return undefined;
      track.lastNs = timeNs;
      track.ring.push(packets, rtpTicks(timeNs, track.clockHz), unit.key, rtpTicks(unit.durationNs, track.clockHz));
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
