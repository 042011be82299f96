/**
 * The mixer's graph as text for gst_parse_launch: a pure function of the programme's format.
 *
 * One compositor with a fixed pool of slots. `force-live` and its own latency make it put out each picture at a fixed
 * time after its place on the grid, whatever its slots do: a slot that is silent, slow or unused costs no delay
 * (test/integration/mixer-latency.test.ts holds the figure). `tesseracontrol` (pipelines/plugin) follows, then the tee:
 * what it does and asks for reaches all encoders alike.
 *
 * GStreamer 1.22's aggregator moves its position back to the start time when the first buffer comes, also after it has put
 * out pictures without any: with the default of zero one picture then goes out with PTS 0 (and with `first` none goes out before).
 * A start time that is never reached leaves the position alone, if no picture is pushed before the first unit has left:
 * graph-host.ts sees to that.
 *
 * Encoded tracks leave through gdppay, whose header carries the timestamps that the binding drops (src/media/gdp.ts).
 * Colours: everything is declared BT.601, which is what VP8 and the publishers' browsers send, so nothing is converted.
 */
import { AUDIO_RATE_HZ } from '../../src/domain/programme-time.ts';
import type { TrackName, VideoRenditionSpec } from '../../src/domain/rendition.ts';

/** Slots of the pool: more feeds than that are not shown at once. */
export const MIXER_SLOTS = 16;
/**
 * On top of the frame duration that the compositor waits by itself: a picture leaves it 33 + 14 ms after its place on the grid,
 * and what was taken in the last moment of a frame's span has 14 ms to get here; later ones come a frame later.
 */
export const COMPOSITOR_LATENCY_NS = 14_000_000;
export const AAC_BITRATE_BPS = 128_000;
export const OPUS_BITRATE_BPS = 96_000;
/**
 * Samples by which the AAC encoder's output is late against its timestamps: the decoder hears an input sample this much
 * after the PTS of the frame it is in. Measured with a click through avenc_aac and FFmpeg's decoder: one frame.
 */
export const AAC_PRIMING_SAMPLES = 1024;

export interface MixerGraphOptions {
  width: number;
  height: number;
  frameRate: number;
  renditions: readonly VideoRenditionSpec[];
}

/** Names of the elements that the mixer looks up. */
export const ELEMENTS = {
  control: 'control',
  audio: 'pcm',
  slot: (index: number): string => `slot${index}`,
  flip: (index: number): string => `flip${index}`,
  sink: (track: TrackName): string => `out_${track.replace(':', '_')}`,
} as const;

const COLORIMETRY = 'colorimetry=bt601';

/** Caps of a picture pushed into a slot. No frame rate: the compositor takes each as it comes and never drops a late one. */
export function slotCaps(width: number, height: number): string {
  return `video/x-raw,format=I420,width=${width},height=${height},framerate=0/1,pixel-aspect-ratio=1/1,interlace-mode=progressive,${COLORIMETRY}`;
}

function sink(track: TrackName): string {
  return `gdppay ! appsink name=${ELEMENTS.sink(track)} sync=false async=false enable-last-sample=false max-buffers=120 drop=true`;
}

/** Constrained baseline without lookahead; scene cuts and x264's own key interval are off, so that every IDR is one we asked for. */
function h264(rendition: VideoRenditionSpec): string {
  const kbps = Math.round(rendition.bitrateBps / 1000);
  return [
    `x264enc name=enc_${rendition.name} bitrate=${kbps} vbv-buf-capacity=1000 speed-preset=superfast tune=zerolatency`,
    'threads=1 sliced-threads=false bframes=0 b-adapt=false key-int-max=2147483647 aud=false byte-stream=false',
    'option-string="scenecut=0:keyint=infinite:force-cfr=1"',
    '! video/x-h264,profile=constrained-baseline,stream-format=avc,alignment=au',
  ].join(' ');
}

function videoBranch(rendition: VideoRenditionSpec, options: MixerGraphOptions): string {
  const scale =
    rendition.width === options.width && rendition.height === options.height
      ? ''
      : `videoscale n-threads=1 ! video/x-raw,width=${rendition.width},height=${rendition.height} ! `;
  return `video. ! queue max-size-buffers=30 max-size-bytes=0 max-size-time=0 ! ${scale}${h264(rendition)} ! ${sink(`video:${rendition.name}`)}`;
}

function slot(index: number): string {
  // max-latency: without it a live source directly before an aggregator makes «Impossible to configure latency»
  return (
    `appsrc name=${ELEMENTS.slot(index)} is-live=true format=time max-latency=1000000000 max-buffers=1 max-bytes=0 leaky-type=downstream ` +
    `caps="${slotCaps(320, 180)}" ! videoflip name=${ELEMENTS.flip(index)} method=none ! comp.sink_${index}`
  );
}

export function mixerGraph(options: MixerGraphOptions): string {
  const canvas = `video/x-raw,format=I420,width=${options.width},height=${options.height},framerate=${options.frameRate}/1,pixel-aspect-ratio=1/1,${COLORIMETRY}`;
  const pads = Array.from({ length: MIXER_SLOTS }, (_, i) => `sink_${i}::alpha=0 sink_${i}::sizing-policy=none`).join(' ');
  return [
    `compositor name=comp background=black force-live=true start-time-selection=set start-time=9000000000000000000 latency=${COMPOSITOR_LATENCY_NS} max-threads=1 ${pads}`,
    `! ${canvas} ! tesseracontrol name=${ELEMENTS.control} ! tee name=video`,
    ...options.renditions.map((r) => videoBranch(r, options)),
    ...Array.from({ length: MIXER_SLOTS }, (_, i) => slot(i)),
    `appsrc name=${ELEMENTS.audio} is-live=true format=time max-latency=1000000000 max-bytes=0 max-buffers=400 leaky-type=downstream ` +
      `caps="audio/x-raw,format=S16LE,layout=interleaved,rate=${AUDIO_RATE_HZ},channels=2,channel-mask=(bitmask)0x3" ! tee name=sound`,
    `sound. ! queue max-size-buffers=400 max-size-bytes=0 max-size-time=0 ! audioconvert ! avenc_aac bitrate=${AAC_BITRATE_BPS} ` +
      `! audio/mpeg,mpegversion=4,stream-format=raw ! ${sink('audio:aac')}`,
    `sound. ! queue max-size-buffers=400 max-size-bytes=0 max-size-time=0 ! opusenc bitrate=${OPUS_BITRATE_BPS} frame-size=20 ` +
      `complexity=5 ! ${sink('audio:opus')}`,
  ].join('\n');
}
