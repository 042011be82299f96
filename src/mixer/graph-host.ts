/**
 * Owns the GStreamer pipeline of one mix. One per process: the binding never frees a pipeline (field-notes.md).
 * In: pictures, sound, layout, small pictures to draw over. Out: encoded units in programme time.
 */
import { createRequire } from 'node:module';
import type * as Gst from 'gstreamer-superficial';
import { AAC_PRIMING_SAMPLES, AAC_BITRATE_BPS, ELEMENTS, MIXER_SLOTS, OPUS_BITRATE_BPS, mixerGraph, slotCaps } from '../../pipelines/gstreamer/mixer-graph.ts';
import {
  aacFrameStartNs,
  AUDIO_RATE_HZ,
  nearestAacFrame,
  nearestVideoFrame,
  NS_PER_SECOND,
  videoFrameStartNs,
} from '../domain/programme-time.ts';
import { TRACKS, videoRenditions, type TrackName, type VideoRendition, type VideoRenditionSpec } from '../domain/rendition.ts';
import type { VideoFormat } from '../domain/room.ts';
import { slicesOnly } from '../media/avc-strip.ts';
import { codecData, readGdp, withoutX264Offset } from '../media/gdp.ts';
import type { TrackInit, Unit } from '../media/programme-protocol.ts';

const { Pipeline } = createRequire(import.meta.url)('gstreamer-superficial') as typeof Gst;
const PRIMING_NS = (BigInt(AAC_PRIMING_SAMPLES) * NS_PER_SECOND) / BigInt(AUDIO_RATE_HZ);
const ROTATIONS = new Map([
  [0, 'none'],
  [90, 'clockwise'],
  [180, 'rotate-180'],
  [270, 'counterclockwise'],
]);

export interface GraphClock {
  /** Base time of the pipeline: anchor + k × EPOCH_STEP_NS. */
  baseMonotonicNs: bigint;
  anchorMonotonicNs: bigint;
  keyframeGridFrames: number;
}

export interface GraphEvents {
  initReady: (init: TrackInit) => void;
  unitReady: (unit: Unit) => void;
  /** The pipeline cannot go on; the process must be replaced. */
  failed: (error: Error) => void;
}

interface Slot {
  source: Gst.AppSrc;
  width: number;
  height: number;
  rotation: number;
}

export class GraphHost {
  readonly renditions: VideoRenditionSpec[];
  /** Units that came without a timestamp or before programme time 0. */
  unusable = 0;
  #pipeline: Gst.Pipeline;
  #control: Gst.GstElement;
  #sound: Gst.AppSrc;
  #slots: Slot[] = [];
  #clock: GraphClock | undefined;
  #offsetNs = 0n;
  #stopped = false;
  /** A picture has left: slots may be filled now (see mixer-graph.ts). */
  #running = false;
  /** What was to be shown before that: the newest picture per slot. */
  readonly #held = new Map<number, { pixels: Buffer; width: number; height: number; rotation: number }>();
  readonly #pts = Buffer.alloc(8);

  /** Parses the graph and looks everything up, which takes about 0.3 s: a warm spare has done it. */
  constructor(
    readonly format: VideoFormat,
    private readonly events: GraphEvents,
  ) {
    this.renditions = videoRenditions(format.width, format.height, format.frameRate);
    this.#pipeline = new Pipeline(mixerGraph({ ...format, renditions: this.renditions }));
    this.#control = this.#pipeline.findChild(ELEMENTS.control) as Gst.GstElement;
    this.#sound = this.#pipeline.findChild(ELEMENTS.audio) as Gst.AppSrc;
    for (let i = 0; i < MIXER_SLOTS; i++)
      this.#slots.push({ source: this.#pipeline.findChild(ELEMENTS.slot(i)) as Gst.AppSrc, width: 0, height: 0, rotation: 0 });
  }

  start(clock: GraphClock): void {
    this.#clock = clock;
    this.#offsetNs = clock.baseMonotonicNs - clock.anchorMonotonicNs;
    const control = this.#control;
    control['base-time'] = clock.baseMonotonicNs.toString();
    control['frame-offset'] = String(nearestVideoFrame(this.#offsetNs, this.format.frameRate));
    control['grid'] = String(clock.keyframeGridFrames);
    this.#pipeline.pollBus((message) => {
      if (message.type === 'error' || message.type === 'eos')
        this.events.failed(new Error(`pipeline: ${message.type} ${message.name ?? ''} ${message.message ?? ''}`.trim()));
    });
    this.#pipeline.play();
    for (const track of Object.keys(TRACKS) as TrackName[]) this.#drain(track);
  }

  /** Pictures composed since the start. */
  get frames(): number {
    return Number(this.#control['frames'] ?? 0);
  }

  /**
   * @param pixels I420, tightly packed; copied
   * @param ptsNs host monotonic ns
   */
  pushPicture(slot: number, pixels: Buffer, width: number, height: number, rotation: number, ptsNs: bigint): void {
    const clock = this.#clock;
    const to = this.#slots[slot];
    if (!clock || !to || this.#stopped) return;
    if (!this.#running) {
      this.#held.set(slot, { pixels: Buffer.from(pixels), width, height, rotation });
      return;
    }
    if (to.rotation !== rotation) {
      to.rotation = rotation;
      this.#control['set'] = `${ELEMENTS.flip(slot)} method ${ROTATIONS.get(rotation) ?? 'none'}`;
    }
    if (to.width !== width || to.height !== height) {
      to.width = width;
      to.height = height;
      to.source.caps = slotCaps(width, height);
    }
    // It is shown in the output frame whose span holds its time: on average half a frame early, as much as a camera is late
    const running = ptsNs - clock.baseMonotonicNs;
    this.#pts.writeBigUInt64BE(running > 0n ? running : 0n);
    to.source.push(pixels, this.#pts);
  }

  /** @param sample programme sample number of the first one; s16le stereo */
  pushSound(samples: Buffer, sample: bigint): void {
    if (!this.#clock || this.#stopped) return;
    this.#pts.writeBigUInt64BE((sample * NS_PER_SECOND) / BigInt(AUDIO_RATE_HZ) - this.#offsetNs);
    this.#sound.push(samples, this.#pts);
  }

  /** Text for tesseracontrol's `layout`. */
  setLayout(text: string): void {
    this.#control['layout'] = text;
  }

  /** Text for tesseracontrol's `picture`. */
  setPicture(text: string): void {
    this.#control['picture'] = text;
  }

  /** One IDR in all renditions, at most one a second. */
  requestKeyframe(): void {
    this.#control['keyframe'] = true;
  }

  /** The process must end afterwards. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#clock) this.#pipeline.stop();
  }

  #release(): void {
    this.#running = true;
    for (const [slot, { pixels, width, height, rotation }] of this.#held)
      this.pushPicture(slot, pixels, width, height, rotation, process.hrtime.bigint());
    this.#held.clear();
  }

  #drain(track: TrackName): void {
    const sink = this.#pipeline.findChild(ELEMENTS.sink(track)) as Gst.AppSink;
    const pull = (): void => {
      if (this.#stopped) return;
      sink.pull((buffer) => {
        if (buffer === null) {
          setTimeout(pull, 10); // not yet playing; re-pulling at once would spin
          return;
        }
        pull();
        try {
          this.#take(track, buffer);
        } catch (error) {
          this.events.failed(error as Error);
        }
      });
    };
    pull();
  }

  #take(track: TrackName, chunk: Buffer): void {
    for (const packet of readGdp(chunk)) {
      if (packet.kind === 'caps') {
        const init = this.#init(track, packet.caps);
        if (init) this.events.initReady(init);
      } else if (packet.kind === 'buffer') {
        const unit = packet.ptsNs === undefined ? undefined : this.#unit(track, packet.ptsNs, packet.durationNs, packet.key, packet.data);
        if (unit) this.events.unitReady(unit);
        else this.unusable++;
      }
    }
  }

  #init(track: TrackName, caps: string): TrackInit | undefined {
    const config = codecData(caps)?.toString('base64');
    if (track === 'audio:opus')
      return { track, codec: 'opus', sampleRateHz: AUDIO_RATE_HZ, channels: 2, bitrateBps: OPUS_BITRATE_BPS, config: '' };
    if (config === undefined) return undefined;
    if (track === 'audio:aac')
      return { track, codec: 'aac', sampleRateHz: AUDIO_RATE_HZ, channels: 2, bitrateBps: AAC_BITRATE_BPS, config };
    const rendition = this.renditions.find((r) => r.name === (track.slice('video:'.length) as VideoRendition));
    if (!rendition) return undefined;
    const { width, height, frameRate, bitrateBps } = rendition;
    return { track: track as `video:${VideoRendition}`, codec: 'h264', width, height, frameRate, bitrateBps, config };
  }

  /** Running time → programme time, on the exact grid. */
  #unit(track: TrackName, gdpPtsNs: bigint, gdpDurationNs: bigint | undefined, key: boolean, data: Buffer): Unit | undefined {
    let ptsNs: bigint;
    let durationNs: bigint;
    if (track === 'audio:aac') {
      const at = gdpPtsNs + this.#offsetNs - PRIMING_NS;
      if (at < -NS_PER_SECOND / 1000n) return undefined;
      const frame = nearestAacFrame(at < 0n ? 0n : at);
      ptsNs = aacFrameStartNs(frame);
      durationNs = aacFrameStartNs(frame + 1) - ptsNs;
    } else if (track === 'audio:opus') {
      ptsNs = gdpPtsNs + this.#offsetNs;
      durationNs = gdpDurationNs ?? 20_000_000n;
    } else {
      if (!this.#running) this.#release();
      const frame = nearestVideoFrame(withoutX264Offset(gdpPtsNs) + this.#offsetNs, this.format.frameRate);
      ptsNs = videoFrameStartNs(frame, this.format.frameRate);
      durationNs = videoFrameStartNs(frame + 1, this.format.frameRate) - ptsNs;
    }
    const audio = track.startsWith('audio:');
    return { track, key: audio || key, cached: false, ptsNs, durationNs, data: audio ? data : slicesOnly(data) };
  }
}
