/** Reads back what fmp4-fragment.ts writes: for taking up files after a restart, and for tests. */

export interface Box {
  type: string;
  /** Offset of the box in the buffer it was read from. */
  at: number;
  size: number;
  body: Buffer;
}

/** Boxes that lie completely within `data`; a torn one at the end is left out. */
export function readBoxes(data: Buffer): Box[] {
  const boxes: Box[] = [];
  let at = 0;
  while (at + 8 <= data.length) {
    const size = data.readUInt32BE(at);
    if (size < 8 || at + size > data.length) break;
    boxes.push({ type: data.toString('latin1', at + 4, at + 8), at, size, body: data.subarray(at + 8, at + size) });
    at += size;
  }
  return boxes;
}

/** The first box on a path such as `['moov', 'trak']`. */
export function findBox(data: Buffer, path: readonly string[]): Box | undefined {
  let found: Box | undefined;
  let within = data;
  for (const type of path) {
    found = readBoxes(within).find((b) => b.type === type);
    if (!found) return undefined;
    within = found.body;
  }
  return found;
}

export interface ReadTrack {
  id: number;
  decodeTime: bigint;
  samples: { at: number; size: number; duration: number; key: boolean }[];
}

export interface ReadFragment {
  sequence: number;
  /** Where the fragment starts and ends (behind its `mdat`) in the data. */
  at: number;
  end: number;
  tracks: ReadTrack[];
}

/** Whole fragments in `data` (which may start with an init segment). Sample offsets count from the start of `data`. */
export function readFragments(data: Buffer): ReadFragment[] {
  const fragments: ReadFragment[] = [];
  const boxes = readBoxes(data);
  boxes.forEach((moof, i) => {
    const mdat = boxes[i + 1];
    if (moof.type !== 'moof' || mdat?.type !== 'mdat') return;
    const tracks: ReadTrack[] = [];
    let sequence = 0;
    for (const inner of readBoxes(moof.body)) {
      if (inner.type === 'mfhd') sequence = inner.body.readUInt32BE(4);
      if (inner.type === 'traf') tracks.push(readTraf(inner.body, moof.at));
    }
    fragments.push({ sequence, at: moof.at, end: mdat.at + mdat.size, tracks });
  });
  return fragments;
}

function readTraf(body: Buffer, moofAt: number): ReadTrack {
  const track: ReadTrack = { id: 0, decodeTime: 0n, samples: [] };
  for (const inner of readBoxes(body)) {
    if (inner.type === 'tfhd') track.id = inner.body.readUInt32BE(4);
    if (inner.type === 'tfdt') track.decodeTime = inner.body.readBigUInt64BE(4);
    if (inner.type !== 'trun') continue;
    const count = inner.body.readUInt32BE(4);
    let at = moofAt + inner.body.readUInt32BE(8);
    for (let i = 0; i < count; i++) {
      const entry = 12 + i * 12;
      const size = inner.body.readUInt32BE(entry + 4);
      track.samples.push({ at, size, duration: inner.body.readUInt32BE(entry), key: (inner.body.readUInt32BE(entry + 8) & 0x00010000) === 0 });
      at += size;
    }
  }
  return track;
}
