import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OpenFiles } from './open-files.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-open-files-'));
  path = join(folder, 'media');
  writeFileSync(path, 'media');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Of this process, below the folder. */
function openDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

describe('the files', () => {
  it('are closed when nobody has asked for them between two sweeps', () => {
    const files = new OpenFiles();
    const fd = files.descriptor(path);

    expect(files.descriptor(path)).toBe(fd);
    files.sweep();
    files.descriptor(path);
    files.sweep();
    expect([files.size, openDescriptors()]).toEqual([1, 1]);
    files.sweep();
    expect([files.size, openDescriptors()]).toEqual([0, 0]);
    expect(files.descriptor(`${path}-none`)).toBeUndefined();
  });

  it('are no more than 256, the one opened first makes way, and none after the end', () => {
    const files = new OpenFiles();
    const names = Array.from({ length: 300 }, (_, i) => `${path}-${i}`);
    for (const name of names) writeFileSync(name, '');
    for (const name of names) files.descriptor(name);

    expect([files.size, openDescriptors()]).toEqual([256, 256]);
    files.close();
    expect([files.descriptor(path), openDescriptors()]).toEqual([undefined, 0]);
  });
});
