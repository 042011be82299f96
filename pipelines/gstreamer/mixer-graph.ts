/**
 * The mixer's graph as text for gst_parse_launch: a pure function of the programme's format.
 *
 * One live source, `tesseracanvas` (pipelines/plugin), reads the feeds' frame rings and puts out each picture at a fixed time after
 * its place on the grid, whatever its slots do: one that is silent, slow or unused costs no delay
 * (test/integration/mixer-pictures.test.ts holds the figure). It asks for keyframes before the tee, so that all encoders cut together.
 *
 * Encoded tracks leave through gdppay, whose header carries the timestamps that the binding drops (src/media/gdp.ts).
 * Colours: everything is declared BT.601, which is what VP8 and the publishers' browsers send, so nothing is converted.
 */
import { AUDIO_RATE_HZ } from '../../src/domain/programme-time.ts';
import type { TrackName, VideoRendition, VideoRenditionSpec } from '../../src/domain/rendition.ts';

/**
 * Pictures that may wait for an encoder; then the canvas is held up, and it sees by its lateness that the machine is too slow.
 * A 300 ms stall is caught up within this.
 */
const WAITING_PICTURES = 6;
export const AAC_BITRATE_BPS = 128_000;
export const OPUS_BITRATE_BPS = 96_000;
/** Mono with in-band FEC: at this rate voices sound better so, and a lost packet is heard again from the next one. */
export const OPUS_LOW_BITRATE_BPS = 28_000;
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
  canvas: 'canvas',
  audio: 'pcm',
  thin: (rendition: VideoRendition): string => `thin_${rendition}`,
  sink: (track: TrackName): string => `out_${track.replace(/[:-]/g, '_')}`,
} as const;

const COLORIMETRY = 'colorimetry=bt601';

/** The binding makes objects of a buffer's caps each time, of gdppay's with the stream's headers in them; our caps come in the payload. */
const BARE_CAPS = 'capssetter caps=application/x-gdp replace=true';

function sink(track: TrackName): string {
  return `gdppay ! ${BARE_CAPS} ! appsink name=${ELEMENTS.sink(track)} sync=false async=false enable-last-sample=false max-buffers=120 drop=true`;
}

/** Constrained baseline without lookahead; scene cuts and x264's own key interval are off, so that every IDR is one we asked for. */
function h264(rendition: VideoRenditionSpec): string {
  // x264 shares the rate out by the stream's nominal rate, which a thinned rendition does not reach (`force-cfr`)
  const kbps = Math.round((rendition.bitrateBps * rendition.frameStep) / 1000);
  return [
    `x264enc name=enc_${rendition.name} bitrate=${kbps} vbv-buf-capacity=${1000 / rendition.frameStep} speed-preset=superfast tune=zerolatency`,
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
  const queue = `queue max-size-buffers=${WAITING_PICTURES} max-size-bytes=0 max-size-time=0`;
  return `video. ! ${queue} ! tesserathin name=${ELEMENTS.thin(rendition.name)} ! ${scale}${h264(rendition)} ! ${sink(`video:${rendition.name}`)}`;
}

export function mixerGraph(options: MixerGraphOptions): string {
  const canvas = `video/x-raw,format=I420,width=${options.width},height=${options.height},framerate=${options.frameRate}/1,pixel-aspect-ratio=1/1,${COLORIMETRY}`;
  return [
    `tesseracanvas name=${ELEMENTS.canvas} width=${options.width} height=${options.height} frame-rate=${options.frameRate} ! ${canvas} ! tee name=video`,
    ...options.renditions.map((r) => videoBranch(r, options)),
    `appsrc name=${ELEMENTS.audio} is-live=true format=time max-latency=1000000000 max-bytes=0 max-buffers=400 leaky-type=downstream ` +
      `caps="audio/x-raw,format=S16LE,layout=interleaved,rate=${AUDIO_RATE_HZ},channels=2,channel-mask=(bitmask)0x3" ! tee name=sound`,
    `sound. ! queue max-size-buffers=400 max-size-bytes=0 max-size-time=0 ! audioconvert ! avenc_aac bitrate=${AAC_BITRATE_BPS} ` +
      `! audio/mpeg,mpegversion=4,stream-format=raw ! ${sink('audio:aac')}`,
    `sound. ! queue max-size-buffers=400 max-size-bytes=0 max-size-time=0 ! opusenc bitrate=${OPUS_BITRATE_BPS} frame-size=20 ` +
      `complexity=5 ! ${sink('audio:opus')}`,
    `sound. ! queue max-size-buffers=400 max-size-bytes=0 max-size-time=0 ! audioconvert ! audio/x-raw,channels=1 ! opusenc bitrate=${OPUS_LOW_BITRATE_BPS} ` +
      `frame-size=40 complexity=5 inband-fec=true packet-loss-percentage=8 ! ${sink('audio:opus-low')}`,
  ].join('\n');
}
