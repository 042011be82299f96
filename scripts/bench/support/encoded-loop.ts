/**
 * A few seconds of real H.264 and Opus that repeat without a seam: 192 frames at 30 fps and 320 Opus packets of 20 ms are both 6.4 s,
 * with an IDR every 64 frames, as the mixer encodes (constrained baseline, zerolatency). At half the rate (`low`) it is half of each.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { oggPackets } from '../../synthetic/replay/read-loops.ts';

const run = promisify(execFile);
/** Of 30 fps and of 20 ms; {@link EncodedVideo.units} of 15 fps are half as many, packets of 40 ms too. */
export const LOOP_FRAMES = 192;
export const LOOP_PACKETS = 320;
const LOOP_SECONDS = 6.4;

export interface EncodedVideo {
  /** avcC (ISO/IEC 14496-15 §5.3.3.1). */
  config: Buffer;
  /** AVC format, 4-byte lengths, no parameter sets; one per frame. */
  units: { data: Buffer; key: boolean }[];
}

/**
 * @param source an FFmpeg lavfi source, such as `color=red`; size and rate are added
 * @param filter FFmpeg filters behind it; noise makes a plain colour take its bitrate
 */
export async function encodeVideoLoop(source: string, width: number, height: number, bitrateBps: number, filter = 'null', frameRate: 15 | 30 = 30): Promise<EncodedVideo> {
  const kbps = Math.round(bitrateBps / 1000);
  const frames = LOOP_SECONDS * frameRate;
  const grid = frames / 3;
  const args = ['-v', 'error', '-f', 'lavfi', '-i', `${source}${source.includes('=') ? ':' : '='}size=${width}x${height}:rate=${frameRate}`, '-vf', filter, '-frames:v', String(frames)];
  const x264 = ['-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-threads', '1'];
  const rate = ['-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`, '-x264-params', `aud=1:keyint=${grid}:min-keyint=${grid}:scenecut=0:nal-hrd=none`];
  const { stdout } = await run('ffmpeg', [...args, ...x264, ...rate, '-f', 'h264', '-'], { encoding: 'buffer', maxBuffer: 64e6, timeout: 60_000, killSignal: 'SIGKILL' });
  const units: EncodedVideo['units'] = [];
  let sps: Buffer | undefined;
  let pps: Buffer | undefined;
  for (const nal of annexB(stdout)) {
    const type = (nal[0] as number) & 0x1f;
    if (type === 9) units.push({ data: Buffer.alloc(0), key: false });
    else if (type === 7) sps = nal;
    else if (type === 8) pps = nal;
    else {
      const unit = units[units.length - 1];
      if (!unit) continue;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.length);
      unit.data = Buffer.concat([unit.data, length, nal]);
      if (type === 5) unit.key = true;
    }
  }
  if (!sps || !pps || units.length !== frames) throw new Error(`FFmpeg made ${units.length} frames`);
  const head = Buffer.from([1, sps[1] as number, sps[2] as number, sps[3] as number, 0xff, 0xe1, sps.length >> 8, sps.length & 255]);
  return { config: Buffer.concat([head, sps, Buffer.from([1, pps.length >> 8, pps.length & 255]), pps]), units };
}

/**
 * @param source an FFmpeg lavfi source, such as `sine=frequency=440`
 * @param low mono in packets of 40 ms with in-band FEC (`audio:opus-low`), instead of stereo in packets of 20 ms
 */
export async function encodeOpusLoop(source: string, bitrateBps: number, low = false): Promise<Buffer[]> {
  const kind = low ? ['-ac', '1', '-c:a', 'libopus', '-application', 'voip', '-frame_duration', '40', '-fec', '1', '-packet_loss', '10'] : ['-ac', '2', '-c:a', 'libopus', '-frame_duration', '20'];
  const args = ['-v', 'error', '-f', 'lavfi', '-i', source, '-t', '7', ...kind, '-b:a', String(bitrateBps), '-f', 'ogg', '-'];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 8e6, timeout: 30_000, killSignal: 'SIGKILL' });
  return oggPackets(stdout).slice(2, 2 + (low ? LOOP_PACKETS / 2 : LOOP_PACKETS)); // OpusHead and OpusTags come first
}

function annexB(stream: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = stream.indexOf('000001', 0, 'hex'); at >= 0; at = stream.indexOf('000001', at + 3, 'hex')) starts.push(at + 3);
  return starts.map((from, i) => {
    let to = i + 1 < starts.length ? (starts[i + 1] as number) - 3 : stream.length;
    while (to > from && stream[to - 1] === 0) to--;
    return stream.subarray(from, to);
  });
}
