/** Frame rings (frame-ring.ts) that a dead room process left in /dev/shm. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '/dev/shm';

/** Process id in a ring's file name (`tessera-<instance>-<room>-<pid>-<feed>-<generation>`), or undefined when the file is not a ring of this instance. Pure. */
export function ringWriter(name: string, instance: string): number | undefined {
  const prefix = `tessera-${instance}-`;
  if (!name.startsWith(prefix)) return undefined;
  const pid = /-(\d+)-\d+-\d+$/.exec(name.slice(prefix.length - 1))?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/**
 * Removes rings of this instance whose writer is gone; a pid that was given to another program counts as gone.
 * @param everyone remove those of living writers too: at the end, when none may be left
 * @returns how many were removed
 */
export function sweepRings(instance: string, everyone = false): number {
  let removed = 0;
  for (const name of ringFolder()) {
    const pid = ringWriter(name, instance);
    if (pid === undefined || (!everyone && isRoomProcess(pid))) continue;
    rmSync(join(FOLDER, name), { force: true });
    removed++;
  }
  return removed;
}

/** Without /dev/shm no feed gets a ring and pictures are dropped; sound goes on (the supervisor refuses to start then). */
function ringFolder(): string[] {
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
