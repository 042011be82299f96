/** Init segments (`ftyp` + `moov`) of fragmented MP4 / CMAF: one or two tracks, no samples, no edit list. */
import { aacConfig } from './aac-config.ts';
import { box, bytes, fullBox, u16, u32, u64, zeros } from './fmp4-box.ts';

export type Fmp4Track =
  | { id: number; kind: 'video'; timescale: number; width: number; height: number; /** avcC */ config: Buffer }
  | { id: number; kind: 'audio'; timescale: number; channels: number; sampleRateHz: number; bitrateBps: number; /** AudioSpecificConfig */ config: Buffer };

const MATRIX = u32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000);

export function initSegment(tracks: readonly Fmp4Track[]): Buffer {
  const nextTrackId = Math.max(...tracks.map((t) => t.id)) + 1;
  const mvhd = fullBox('mvhd', 0, 0, u32(0, 0, 1000, 0, 0x00010000), u16(0x0100, 0), zeros(8), MATRIX, zeros(24), u32(nextTrackId));
  return Buffer.concat([
    box('ftyp', Buffer.from('iso6'), u32(1), Buffer.from('iso6cmfcmp41')),
    box('moov', mvhd, ...tracks.map(trak), box('mvex', ...tracks.map((t) => fullBox('trex', 0, 0, u32(t.id, 1, 0, 0, 0))))),
  ]);
}

function trak(track: Fmp4Track): Buffer {
  const video = track.kind === 'video';
  const tkhd = fullBox(
    'tkhd',
    0,
    7,
    u32(0, 0, track.id, 0, 0),
    zeros(8),
    u16(0, 0, video ? 0 : 0x0100, 0),
    MATRIX,
    u32(video ? track.width * 65536 : 0, video ? track.height * 65536 : 0),
  );
  const mdhd = fullBox('mdhd', 1, 0, u64(0n), u64(0n), u32(track.timescale), u64(0n), u16(0x55c4, 0)); // language "und"
  const hdlr = fullBox('hdlr', 0, 0, u32(0), Buffer.from(video ? 'vide' : 'soun'), zeros(12), Buffer.from('Tessera\0'));
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const stbl = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), video ? avc1(track) : mp4a(track)),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  );
  const header = video ? fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)) : fullBox('smhd', 0, 0, u16(0, 0));
  return box('trak', tkhd, box('mdia', mdhd, hdlr, box('minf', header, dinf, stbl)));
}

function avc1(track: Extract<Fmp4Track, { kind: 'video' }>): Buffer {
  return box(
    'avc1',
    zeros(6),
    u16(1),
    zeros(16),
    u16(track.width, track.height),
    u32(0x00480000, 0x00480000, 0),
    u16(1),
    zeros(32),
    u16(24, 0xffff),
    box('avcC', track.config),
    box('pasp', u32(1, 1)),
  );
}

function mp4a(track: Extract<Fmp4Track, { kind: 'audio' }>): Buffer {
  const { sampleRateHz, channels } = aacConfig(track.config);
  const decoderSpecific = descriptor(5, track.config);
  const decoderConfig = descriptor(4, Buffer.concat([bytes(0x40, 0x15, 0, 0, 0), u32(track.bitrateBps, track.bitrateBps), decoderSpecific]));
  const es = descriptor(3, Buffer.concat([u16(track.id), bytes(0), decoderConfig, descriptor(6, bytes(2))]));
  return box('mp4a', zeros(6), u16(1), zeros(8), u16(channels, 16, 0, 0), u32(sampleRateHz * 65536), fullBox('esds', 0, 0, es));
}

/** ISO/IEC 14496-1 descriptor with the one-byte length that all of ours fit into. */
function descriptor(tag: number, body: Buffer): Buffer {
  if (body.length > 127) throw new RangeError('descriptor is too long');
  return Buffer.concat([bytes(tag, body.length), body]);
}
