import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProgrammeDisk, type ProgrammeFile } from './programme-disk.ts';
import { isGap, type PartEntry, type Segment } from './segment-list.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(`${tmpdir()}/tessera-disk-test-`)));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STATE: ProgrammeFile = {
  version: 2, bootId: 'b', anchorMonotonicNs: '0', anchorUnixMs: 0, epoch: 1, frameRate: 30, partFrames: 16, ended: false,
  firstMsn: 0, nextMsn: 3, discontinuities: 0, renditions: ['high'], video: {}, audio: [],
};

const segment = (msn: number): Segment => ({ msn, parts: [], discontinuity: msn === 0, discontinuities: 1, init: { high: 0 }, complete: true, stored: true });
/** Two parts of 16 frames and ten bytes in each of three segments. */
function write(disk: ProgrammeDisk): Segment[] {
  return [0, 1, 2].map((msn) => {
    const made = segment(msn);
    for (const index of [0, 1]) {
      const entry: PartEntry = { frame: 32 * msn + 16 * index, frames: 16, independent: index === 0, bytes: { high: 10 } };
      made.parts.push(entry);
      disk.append(made, entry, new Map([['high', Buffer.alloc(10, 10 * msn + index)]]));
    }
    return made;
  });
}

it('brings back what was written', async () => {
  const disk = new ProgrammeDisk(folder);
  await disk.writeState(STATE);
  write(disk);
  await disk.flush();
  const stored = await new ProgrammeDisk(folder).load();

  expect(stored?.segments.map((s) => [s.msn, s.parts.length, s.stored, isGap(s)])).toEqual([[0, 2, true, false], [1, 2, true, false], [2, 2, true, false]]);
  expect(await disk.readSegment(1, 'high')).toEqual(Buffer.concat([Buffer.alloc(10, 10), Buffer.alloc(10, 11)]));
  expect([disk.dropped, disk.failed]).toEqual([0, 0]);
});

it('writes nothing behind a part that could not be written, and the segment is a gap, also after a restart', async () => {
  const disk = new ProgrammeDisk(folder);
  await disk.writeState(STATE);
  await mkdir(`${folder}/1-high.m4s`); // cannot be written
  const made = write(disk);
  await disk.flush();

  expect(made.map((s) => s.stored)).toEqual([true, false, true]);
  expect([disk.dropped, disk.failed]).toEqual([1, 1]);
  expect(disk.lastError).toMatchObject({ code: 'EISDIR' });
  expect(isGap(made[1] as Segment)).toBe(true);
  expect(readFileSync(`${folder}/index.ndjson`, 'utf8').match(/"m":1/g)).toBeNull();
});

it('keeps the duration of a segment whose last parts are missing, as a gap', async () => {
  const disk = new ProgrammeDisk(folder);
  await disk.writeState(STATE);
  const [first, second] = [segment(0), segment(1)];
  disk.append(first, { frame: 0, frames: 16, independent: true, bytes: { high: 10 } }, new Map([['high', Buffer.alloc(10)]]));
  disk.append(second, { frame: 64, frames: 16, independent: true, bytes: { high: 10 } }, new Map([['high', Buffer.alloc(10)]]));
  await disk.flush();
  const stored = await new ProgrammeDisk(folder).load();

  expect(stored?.segments.map((s) => [isGap(s), s.parts.reduce((sum, p) => sum + p.frames, 0)])).toEqual([[true, 64], [false, 16]]);
});

it('clears media whose state is lost, and tells the highest number', async () => {
  const disk = new ProgrammeDisk(folder);
  write(disk);
  await disk.flush();

  expect(await disk.clear()).toEqual({ files: 3, lastMsn: 2 });
  expect(readdirSync(folder)).toEqual([]);
  expect(await disk.clear()).toBeUndefined();
});
