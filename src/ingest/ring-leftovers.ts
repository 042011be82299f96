/** Frame rings that a dead room process left in /dev/shm. */
import { readdirSync, readFileSync, unlinkSync } from 'node:fs';

const FOLDER = '/dev/shm';

/** Process id in a ring's file name, when it is a ring of this instance. Pure. */
export function ringOwner(name: string, instance: string): number | undefined {
  const match = /^tessera-([0-9a-f]+)-.+-(\d+)-\d+-\d+$/.exec(name);
  return match && match[1] === instance ? Number(match[2]) : undefined;
}

/** Removes rings of this instance whose writer is gone (a pid that was given to another program counts as gone). @returns how many */
export function sweepRings(instance: string): number {
  let swept = 0;
  for (const name of listed()) {
    const pid = ringOwner(name, instance);
    if (pid === undefined || isRoomProcess(pid)) continue;
    try {
      unlinkSync(`${FOLDER}/${name}`);
      swept++;
    } catch {
      // somebody else did
    }
  }
  return swept;
}

/** Without /dev/shm no feed gets a ring and pictures are dropped; sound goes on (the supervisor refuses to start then). */
function listed(): string[] {
  try {
    return readdirSync(FOLDER);
  } catch {
    return [];
  }
}

function isRoomProcess(pid: number): boolean {
  try {
    const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return pid === process.pid || title.includes('tessera-ingest') || title.includes('ingest-room');
  } catch {
    return false;
  }
}
