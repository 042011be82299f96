/** Movie fragments: one `moof` + `mdat` with the samples of one or two tracks (ISO/IEC 14496-12 §8.8). */
import { box, fullBox, u32, u64 } from './fmp4-box.ts';

export interface FragmentSample {
  data: Uint8Array;
  /** In the track's timescale. */
  duration: number;
  /** Decoding may start here. */
  key: boolean;
}

export interface FragmentTrack {
  id: number;
  /** Decode time of the first sample in the track's timescale; equals presentation time, as there are no B-frames. */
  decodeTime: bigint;
  samples: readonly FragmentSample[];
}

/** ISO/IEC 14496-12 §8.8.3: sample_depends_on 2 (nothing) for keys; 1 and non-sync for the others. */
const KEY_FLAGS = 0x02000000;
const DELTA_FLAGS = 0x01010000;
/** data-offset, duration, size and flags present. */
const TRUN_FLAGS = 0x000001 | 0x000100 | 0x000200 | 0x000400;
const DEFAULT_BASE_IS_MOOF = 0x020000;

/** @param sequence number of the fragment, from 1 */
export function fragment(sequence: number, tracks: readonly FragmentTrack[]): Buffer {
  const filled = tracks.filter((t) => t.samples.length > 0);
  let moofBytes = 8 + 16;
  for (const track of filled) moofBytes += 8 + 16 + 20 + 20 + track.samples.length * 12;
  let payloadBytes = 0;
  const trafs = filled.map((track) => {
    const table = Buffer.allocUnsafe(track.samples.length * 12);
    const offset = moofBytes + 8 + payloadBytes;
    track.samples.forEach((sample, i) => {
      table.writeUInt32BE(sample.duration, i * 12);
      table.writeUInt32BE(sample.data.byteLength, i * 12 + 4);
      table.writeUInt32BE(sample.key ? KEY_FLAGS : DELTA_FLAGS, i * 12 + 8);
      payloadBytes += sample.data.byteLength;
    });
    return box(
      'traf',
      fullBox('tfhd', 0, DEFAULT_BASE_IS_MOOF, u32(track.id)),
      fullBox('tfdt', 1, 0, u64(track.decodeTime)),
      fullBox('trun', 0, TRUN_FLAGS, u32(track.samples.length, offset), table),
    );
  });
  const moof = box('moof', fullBox('mfhd', 0, 0, u32(sequence)), ...trafs);
  if (moof.length !== moofBytes) throw new RangeError(`moof is ${moof.length} bytes, not ${moofBytes}`);
  const out = Buffer.allocUnsafe(moofBytes + 8 + payloadBytes);
  moof.copy(out, 0);
  out.writeUInt32BE(8 + payloadBytes, moofBytes);
  out.write('mdat', moofBytes + 4, 'latin1');
  let at = moofBytes + 8;
  for (const track of filled) {
    for (const sample of track.samples) {
      out.set(sample.data, at);
      at += sample.data.byteLength;
    }
  }
  return out;
}
