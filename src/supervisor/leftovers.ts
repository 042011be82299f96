/** What a killed instance leaves behind: frame rings in /dev/shm and sockets in the run folder. */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const SHM = '/dev/shm';

/**
 * Removes this instance's frame rings (`tessera-<instance>-<room>-<pid>-<feed>-<generation>`) whose writer is gone.
 * @param everyone remove those of living writers too: at the end, when none may be left
 * @returns how many were removed
 */
export function sweepFrameRings(instance: string, everyone = false): number {
  let removed = 0;
  for (const name of list(SHM)) {
    const pid = ringWriter(name, instance);
    if (pid === undefined || (!everyone && existsSync(`/proc/${pid}`))) continue;
    rmSync(join(SHM, name), { force: true });
    removed++;
  }
  return removed;
}

/** Process id in a frame ring's name, or undefined when the file is not a ring of this instance. */
export function ringWriter(name: string, instance: string): number | undefined {
  const prefix = `tessera-${instance}-`;
  if (!name.startsWith(prefix)) return undefined;
  const pid = /-(\d+)-\d+-\d+$/.exec(name.slice(prefix.length - 1))?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Removes the sockets in the run folder and the restream role's own folder in it, and the whole when nothing else is there. */
export function sweepRunDir(runDir: string): void {
  for (const name of list(runDir)) {
    const path = join(runDir, name);
    try {
      const found = lstatSync(path);
      if (found.isSocket() || (found.isDirectory() && /^restream-[0-9a-f]+$/.test(name))) rmSync(path, { recursive: true, force: true });
    } catch {
      // gone meanwhile
    }
  }
  try {
    rmdirSync(runDir);
  } catch {
    // not ours alone, or never made
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
