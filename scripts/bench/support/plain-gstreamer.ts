/**
 * The same work by plain GStreamer: gst-launch-1.0 decodes the same VP8 and Opus in real time, composes it on the same tiles,
 * mixes the sound, and encodes all renditions and all three audio tracks with the options that the mixer uses. No network, no
 * jitter buffers, no clock of a programme, no rooms: what decoding, composing and encoding alone take.
 */
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Box } from '../../../src/domain/layout/region.ts';
import { videoRenditions, type VideoRenditionSpec } from '../../../src/domain/rendition.ts';
import { AAC_BITRATE_BPS, OPUS_BITRATE_BPS, OPUS_LOW_BITRATE_BPS } from '../../../pipelines/gstreamer/mixer-graph.ts';
import { LOOP_SECONDS } from '../../synthetic/replay/encode-loops.ts';
import { processorSeconds, proportionalBytes, residentBytes } from './process-cost.ts';
import { startRtp, type RtpPorts } from './plain-rtp.ts';
import { rounded } from './product.ts';

const run = promisify(execFile);
const WARM_UP_MS = 3000;
/** What gst-launch may take before the first picture. */
const START_S = 1.2;

export interface PlainSource {
  /** Name of a size (synthetic/replay/loop-sizes.ts). */
  size: string;
  tile: Box;
}

export interface PlainCost {
  cores: number;
  rssMegabytes: number;
  pssMegabytes: number;
  /** It played all of it in its own time. Not known of RTP. */
  inRealTime: boolean | undefined;
  scaling: 'pads' | 'videoscale';
  /** From files, or as RTP over UDP through jitter buffers (not encrypted). */
  input: 'files' | 'rtp';
}

export interface PlainOptions {
  /** Where tiles get their size: in the compositor's pads, or by a videoscale before it. */
  scaling: PlainCost['scaling'];
  input: PlainCost['input'];
}

/** @param folder of the encoded loops; longer files are made there */
export async function plainGStreamer(folder: string, sources: readonly PlainSource[], seconds: number, { scaling, input }: PlainOptions): Promise<PlainCost> {
  const length = Math.ceil(seconds + WARM_UP_MS / 1000 + 2);
  const sender = input === 'rtp' ? await startRtp(folder, sources) : undefined;
  if (!sender) for (const size of new Set(sources.map((source) => source.size))) await lengthen(folder, size, length);
  const inputs = sources.map(({ size }, i) => (sender ? rtpInput(sender.ports[i] as RtpPorts) : fileInput(file(folder, size, length), i)));
  const child = spawn('gst-launch-1.0', ['-q', ...words(graph(sources, inputs, scaling))], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 4 * length * 1000,
    killSignal: 'SIGKILL',
  });
  const pid = child.pid ?? 0;
  const startedMs = performance.now();
  let written = '';
  child.stderr.on('data', (data: Buffer) => (written = (written + data.toString()).slice(-3000)));
  const killHard = (): void => void child.kill('SIGKILL');
  process.once('exit', killHard);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const wait = (ms: number): Promise<unknown> => Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), ended]);
  await wait(WARM_UP_MS);
  const before = processorSeconds(pid);
  const fromMs = performance.now();
  await wait(seconds * 1000);
  const cores = (processorSeconds(pid) - before) / ((performance.now() - fromMs) / 1000);
  const [rss, pss] = [residentBytes(pid), proportionalBytes(pid)];
  if (sender) child.kill('SIGINT'); // RTP has no end
  const code = await ended;
  process.off('exit', killHard);
  sender?.close();
  if (code !== 0 && !(sender && rss > 0)) throw new Error(`gst-launch-1.0 ended with ${code}: ${written}`);
  const tookS = (performance.now() - startedMs) / 1000;
  return { cores: rounded(cores, 3), rssMegabytes: rounded(rss / 1e6, 1), pssMegabytes: rounded(pss / 1e6, 1), inRealTime: sender ? undefined : tookS < length + START_S, scaling, input };
}

function file(folder: string, size: string, length: number): string {
  return join(folder, `plain-${size}-${length}.mkv`);
}

async function lengthen(folder: string, size: string, length: number): Promise<void> {
  const times = String(Math.ceil(length / LOOP_SECONDS));
  const loop = (name: string): string[] => ['-stream_loop', times, '-i', join(folder, name)];
  await run('ffmpeg', ['-v', 'error', '-y', ...loop(`person-${size}.ivf`), ...loop('speech.ogg'), '-c', 'copy', '-t', String(length), file(folder, size, length)], { timeout: 30_000, killSignal: 'SIGKILL' });
}

/** Encoded picture and sound of one person. */
interface Input {
  video: string;
  audio: string;
}

function fileInput(path: string, i: number): Input {
  return { video: `filesrc location=${path} ! matroskademux name=d${i} d${i}.video_0 ! queue`, audio: `d${i}.audio_0 ! queue` };
}

function rtpInput({ video, audio }: RtpPorts): Input {
  const from = (port: number, caps: string): string => `udpsrc address=127.0.0.1 port=${port} caps=application/x-rtp,${caps} ! rtpjitterbuffer latency=40`;
  return {
    video: `${from(video, 'media=video,clock-rate=90000,encoding-name=VP8,payload=96')} ! rtpvp8depay`,
    audio: `${from(audio, 'media=audio,clock-rate=48000,encoding-name=OPUS,payload=111')} ! rtpopusdepay`,
  };
}

function graph(sources: readonly PlainSource[], inputs: readonly Input[], scaling: PlainCost['scaling']): string {
  const renditions = videoRenditions(1280, 720, 30);
  const pads = sources.map(({ tile }, i) => `sink_${i}::xpos=${tile.x} sink_${i}::ypos=${tile.y} sink_${i}::width=${tile.width} sink_${i}::height=${tile.height}`);
  return [
    `compositor name=comp background=black ${pads.join(' ')} ! video/x-raw,format=I420,width=1280,height=720,framerate=30/1 ! tee name=video`,
    ...renditions.map((rendition) => `video. ! queue ! ${h264(rendition)} ! fakesink sync=true`),
    'audiomixer name=mix ! audio/x-raw,rate=48000,channels=2 ! tee name=sound',
    `sound. ! queue ! audioconvert ! avenc_aac bitrate=${AAC_BITRATE_BPS} ! fakesink sync=true`,
    `sound. ! queue ! audioconvert ! audioresample ! opusenc bitrate=${OPUS_BITRATE_BPS} frame-size=20 complexity=5 ! fakesink sync=true`,
    `sound. ! queue ! audioconvert ! audio/x-raw,channels=1 ! opusenc bitrate=${OPUS_LOW_BITRATE_BPS} frame-size=40 complexity=5 inband-fec=true packet-loss-percentage=8 ! fakesink sync=true`,
    ...sources.map(({ tile }, i) => {
      const { video, audio } = inputs[i] as Input;
      const scaled = scaling === 'videoscale' ? `! videoscale n-threads=1 ! video/x-raw,width=${tile.width},height=${tile.height}` : '';
      return `${video} ! vp8dec threads=1 ${scaled} ! queue ! comp.sink_${i} ${audio} ! opusdec ! audioconvert ! queue ! mix.sink_${i}`;
    }),
  ].join(' ');
}

/** As in pipelines/gstreamer/mixer-graph.ts; a keyframe each 64 pictures, which the mixer asks for by events. */
function h264({ width, height, frameRate, frameStep, bitrateBps }: VideoRenditionSpec): string {
  const thin = frameStep === 1 ? '' : `videorate drop-only=true ! video/x-raw,framerate=${frameRate}/1 ! `;
  const scale = width === 1280 ? '' : `videoscale n-threads=1 ! video/x-raw,width=${width},height=${height} ! `;
  return (
    `${thin}${scale}x264enc bitrate=${Math.round(bitrateBps / 1000)} vbv-buf-capacity=1000 speed-preset=superfast tune=zerolatency threads=1 sliced-threads=false ` +
    'bframes=0 b-adapt=false key-int-max=64 aud=false byte-stream=false option-string=scenecut=0:force-cfr=1 ! video/x-h264,profile=constrained-baseline,stream-format=avc,alignment=au'
  );
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
