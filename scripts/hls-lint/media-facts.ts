/** What fMP4 says of itself (ISO/IEC 14496-12, 14496-15): read from the boxes, not from the playlist. */

export interface InitFacts {
  kind: 'video' | 'audio';
  timescale: number;
  /** RFC 6381. */
  codec: string;
  width?: number;
  height?: number;
}

export interface PartFacts {
  /** Decode time of the first sample. */
  startSeconds: number;
  seconds: number;
  samples: number;
  /** The first sample is a sync sample and, for video, holds an IDR. */
  startsWithKey: boolean;
  bytes: number;
}

interface Box {
  type: string;
  body: Buffer;
  /** Offset of the box in the whole. */
  at: number;
}

/** @throws RangeError when it is no initialisation section with one track */
export function initFacts(data: Buffer): InitFacts {
  const mdia = inside(data, ['moov', 'trak', 'mdia']);
  const mdhd = inside(mdia, ['mdhd']);
  const timescale = mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12);
  const entry = boxes(inside(mdia, ['minf', 'stbl', 'stsd']).subarray(8))[0];
  if (entry?.type === 'avc1') {
    const avcC = inside(entry.body.subarray(78), ['avcC']);
    return { kind: 'video', timescale, codec: `avc1.${avcC.toString('hex', 1, 4)}`, width: entry.body.readUInt16BE(24), height: entry.body.readUInt16BE(26) };
  }
  if (entry?.type === 'mp4a') {
    // ISO/IEC 14496-1: ES descriptor > decoder config > decoder specific info
    const es = descriptor(inside(entry.body.subarray(28), ['esds']).subarray(4), 3);
    const config = descriptor(descriptor(es.subarray(3), 4).subarray(13), 5);
    return { kind: 'audio', timescale, codec: `mp4a.40.${(config[0] ?? 0) >> 3}` };
  }
  throw new RangeError(`sample entry ${entry?.type ?? 'missing'}`);
}

/** One or more fragments in a row. @throws RangeError when there is none, or a torn one */
export function partFacts(data: Buffer, init: InitFacts): PartFacts {
  let startTicks: bigint | undefined;
  let ticks = 0;
  let samples = 0;
  let startsWithKey = false;
  const all = boxes(data);
  const end = all.at(-1);
  if (!end || end.at + 8 + end.body.length !== data.length) throw new RangeError('torn fragment');
  for (const moof of all.filter((b) => b.type === 'moof')) {
    const traf = inside(moof.body, ['traf']);
    const tfhd = inside(traf, ['tfhd']);
    const tfdt = inside(traf, ['tfdt']);
    startTicks ??= tfdt[0] === 1 ? tfdt.readBigUInt64BE(4) : BigInt(tfdt.readUInt32BE(4));
    const defaults = trackDefaults(tfhd);
    for (const trun of boxes(traf).filter((b) => b.type === 'trun')) {
      const { body } = trun;
      const flags = body.readUInt32BE(0) & 0xffffff;
      const count = body.readUInt32BE(4);
      let at = 8;
      let offset = 0;
      if (flags & 1) offset = body.readInt32BE((at += 4) - 4);
      let firstFlags = defaults.flags;
      if (flags & 4) firstFlags = body.readUInt32BE((at += 4) - 4);
      for (let i = 0; i < count; i++) {
        const duration = flags & 0x100 ? body.readUInt32BE((at += 4) - 4) : defaults.duration;
        const size = flags & 0x200 ? body.readUInt32BE((at += 4) - 4) : defaults.size;
        const sampleFlags = flags & 0x400 ? body.readUInt32BE((at += 4) - 4) : i === 0 ? firstFlags : defaults.flags;
        if (flags & 0x800) at += 4;
        ticks += duration;
        if (samples === 0) {
          const sync = (sampleFlags & 0x10000) === 0;
          startsWithKey = init.kind === 'audio' ? sync : sync && holdsIdr(data.subarray(moof.at + offset, moof.at + offset + size));
        }
        samples++;
      }
    }
  }
  if (startTicks === undefined) throw new RangeError('no fragment');
  return { startSeconds: Number(startTicks) / init.timescale, seconds: ticks / init.timescale, samples, startsWithKey, bytes: data.length };
}

/** NAL units with four bytes of length in front; type 5 is an IDR (ITU-T H.264 table 7-1). */
function holdsIdr(sample: Buffer): boolean {
  for (let at = 0; at + 5 <= sample.length; at += 4 + sample.readUInt32BE(at)) if (((sample[at + 4] as number) & 31) === 5) return true;
  return false;
}

function trackDefaults(tfhd: Buffer): { duration: number; size: number; flags: number } {
  const flags = tfhd.readUInt32BE(0) & 0xffffff;
  let at = 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
  const next = (bit: number): number => (flags & bit ? tfhd.readUInt32BE((at += 4) - 4) : 0);
  return { duration: next(8), size: next(0x10), flags: next(0x20) };
}

/** The body of the descriptor at the start of `data`. */
function descriptor(data: Buffer, tag: number): Buffer {
  if (data[0] !== tag) throw new RangeError(`descriptor ${data[0]} instead of ${tag}`);
  let at = 1;
  let length = 0;
  for (;;) {
    const byte = data[at++] ?? 0;
    length = (length << 7) | (byte & 127);
    if ((byte & 128) === 0) break;
  }
  return data.subarray(at, at + length);
}

function boxes(data: Buffer): Box[] {
  const out: Box[] = [];
  for (let at = 0; at + 8 <= data.length; ) {
    const size = data.readUInt32BE(at);
    if (size < 8 || at + size > data.length) break;
    out.push({ type: data.toString('latin1', at + 4, at + 8), body: data.subarray(at + 8, at + size), at });
    at += size;
  }
  return out;
}

function inside(data: Buffer, path: readonly string[]): Buffer {
  let body = data;
  for (const type of path) {
    const found = boxes(body).find((b) => b.type === type);
    if (!found) throw new RangeError(`no ${type} box`);
    body = found.body;
  }
  return body;
}
