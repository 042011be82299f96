/** What a killed instance leaves behind in the run folder (its frame rings: media/ring-leftovers.ts). */
import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

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
