/**
 * Owns the GStreamer pipeline of one mix. One per process: the binding never frees a pipeline (field-notes.md).
 * In: sound, and what the canvas shows (it reads the feeds' pictures by itself). Out: encoded units in programme time.
 */
import { createRequire } from 'node:module';
import type * as Gst from 'gstreamer-superficial';
import { AAC_PRIMING_SAMPLES, AAC_BITRATE_BPS, ELEMENTS, OPUS_BITRATE_BPS, OPUS_LOW_BITRATE_BPS, mixerGraph } from '../../pipelines/gstreamer/mixer-graph.ts';
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
import { CanvasElement } from './canvas-element.ts';
import type { Canvas, CanvasFigures, PlacedPicture, Rgba, SlotPlace } from './canvas.ts';

const { Pipeline } = createRequire(import.meta.url)('gstreamer-superficial') as typeof Gst;
const PRIMING_NS = (BigInt(AAC_PRIMING_SAMPLES) * NS_PER_SECOND) / BigInt(AUDIO_RATE_HZ);

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

export class GraphHost implements Canvas {
  readonly renditions: VideoRenditionSpec[];
  /** Units that came without a timestamp or before programme time 0. */
  unusable = 0;
  #pipeline: Gst.Pipeline;
  /** `tesseracanvas`. */
  #source: Gst.GstElement;
  #canvas: CanvasElement;
  #thin = new Map<VideoRendition, Gst.GstElement>();
  #sound: Gst.AppSrc;
  #frameStep: 1 | 2 = 1;
  readonly #renditionSteps = new Map<VideoRendition, 1 | 2 | 4>();
  #clock: GraphClock | undefined;
  #offsetNs = 0n;
  #stopped = false;
  readonly #pts = Buffer.alloc(8);

  /** Parses the graph and looks everything up, which takes about 0.3 s: a warm spare has done it. */
  constructor(
    readonly format: VideoFormat,
    private readonly events: GraphEvents,
  ) {
    this.renditions = videoRenditions(format.width, format.height, format.frameRate);
    this.#pipeline = new Pipeline(mixerGraph({ ...format, renditions: this.renditions }));
    this.#source = this.#pipeline.findChild(ELEMENTS.canvas) as Gst.GstElement;
    this.#canvas = new CanvasElement(this.#source);
    this.#sound = this.#pipeline.findChild(ELEMENTS.audio) as Gst.AppSrc;
    for (const { name } of this.renditions) {
      this.#thin.set(name, this.#pipeline.findChild(ELEMENTS.thin(name)) as Gst.GstElement);
      this.#applyStep(name);
    }
  }

  start(clock: GraphClock): void {
    this.#clock = clock;
    this.#offsetNs = clock.baseMonotonicNs - clock.anchorMonotonicNs;
    const source = this.#source;
    source['base-time'] = clock.baseMonotonicNs.toString();
    source['frame-offset'] = String(nearestVideoFrame(this.#offsetNs, this.format.frameRate));
    source['grid'] = String(clock.keyframeGridFrames);
    this.#pipeline.pollBus((message) => {
      if (message.type === 'error' || message.type === 'eos')
        this.events.failed(new Error(`pipeline: ${message.type} ${message.name ?? ''} ${message.message ?? ''}`.trim()));
    });
    this.#pipeline.play();
    for (const track of Object.keys(TRACKS) as TrackName[]) this.#drain(track);
  }

  /** Pictures composed since the start. */
  get frames(): number {
    return this.figures().frames;
  }

  figures(): CanvasFigures {
    return this.#canvas.figures();
  }

  /** @param sample programme sample number of the first one; s16le stereo */
  pushSound(samples: Buffer, sample: bigint): void {
    if (!this.#clock || this.#stopped) return;
    this.#pts.writeBigUInt64BE((sample * NS_PER_SECOND) / BigInt(AUDIO_RATE_HZ) - this.#offsetNs);
    this.#sound.push(samples, this.#pts);
  }

  setFeed(slot: number, ring: string | undefined): void {
    this.#canvas.setFeed(slot, ring);
  }

  setStill(slot: number, still: Rgba | undefined): void {
    this.#canvas.setStill(slot, still);
  }

  setLayout(transitionMs: number, places: readonly SlotPlace[]): void {
    this.#canvas.setLayout(transitionMs, places);
  }

  setPicture(id: number, picture: PlacedPicture | undefined): void {
    this.#canvas.setPicture(id, picture);
  }

  setBorder(slot: number, border: { thickness: number; colour: string } | undefined): void {
    this.#canvas.setBorder(slot, border);
  }

  setBackground(colour: string): void {
    this.#canvas.setBackground(colour);
  }

  setFrameStep(step: 1 | 2): void {
    this.#frameStep = step;
    this.#canvas.setFrameStep(step);
    for (const { name } of this.renditions) this.#applyStep(name);
  }

  setRenditionStep(rendition: VideoRendition, step: 1 | 2 | 4): void {
    this.#renditionSteps.set(rendition, step);
    this.#applyStep(rendition);
  }

  /** `tesserathin` counts programme frames, composed or not. */
  #applyStep(rendition: VideoRendition): void {
    const thin = this.#thin.get(rendition);
    const ownStep = this.renditions.find(({ name }) => name === rendition)?.frameStep ?? 1;
    // a canvas that composes every second picture leaves `low` its rate
    if (thin) thin['step'] = Math.max(this.#frameStep, ownStep) * (this.#renditionSteps.get(rendition) ?? 1);
  }

  /** One IDR in all renditions, at most one a second. */
  requestKeyframe(): void {
    this.#canvas.requestKeyframe();
  }

  /** The process must end afterwards. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#clock) this.#pipeline.stop();
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
    if (track === 'audio:opus-low')
      return { track, codec: 'opus', sampleRateHz: AUDIO_RATE_HZ, channels: 1, bitrateBps: OPUS_LOW_BITRATE_BPS, config: '' };
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
    } else if (track.startsWith('audio:')) {
      ptsNs = gdpPtsNs + this.#offsetNs;
      durationNs = gdpDurationNs ?? (track === 'audio:opus-low' ? 40_000_000n : 20_000_000n);
    } else {
      const frame = nearestVideoFrame(withoutX264Offset(gdpPtsNs) + this.#offsetNs, this.format.frameRate);
      ptsNs = videoFrameStartNs(frame, this.format.frameRate);
      // two frames with setFrameStep(2), more in a thinned rendition
      const frames = Math.max(1, nearestVideoFrame(gdpDurationNs ?? 0n, this.format.frameRate));
      durationNs = videoFrameStartNs(frame + frames, this.format.frameRate) - ptsNs;
    }
    const audio = track.startsWith('audio:');
    return { track, key: audio || key, cached: false, ptsNs, durationNs, data: audio ? data : slicesOnly(data) };
  }
}
