/** One instance per data folder: two would write the same Redis log and the same recordings. */
import { mkdirSync, openSync, readFileSync, rmSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';

export class DataDirInUse extends Error {
  constructor(
    readonly dataDir: string,
    readonly ownerPid: number,
  ) {
    super(`The data folder ${dataDir} is in use by the instance with process id ${ownerPid}. Stop that one, or give this one another folder with --data-dir.`);
    this.name = 'DataDirInUse';
  }
}

/**
 * Takes the lock of a data folder (made when missing). A lock whose process is gone is taken over.
 * @returns a function that gives it back; calling it twice does nothing
 * @throws DataDirInUse; the system's error when the folder cannot be written
 */
export function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'tessera.lock');
  const own = `${process.pid} ${processStart(process.pid) ?? 0}\n`;
  for (let tries = 0; tries < 3; tries++) {
    try {
      const fd = openSync(path, 'wx', 0o600);
      writeSync(fd, own);
      closeSync(fd);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid, start] = readOwner(path);
    if (pid > 0 && processStart(pid) === start) throw new DataDirInUse(dataDir, pid);
    rmSync(path, { force: true });
  }
  throw new Error(`the lock ${path} cannot be taken`);
}

function readOwner(path: string): [pid: number, start: number] {
  try {
    const [pid, start] = readFileSync(path, 'utf8').trim().split(' ').map(Number);
    return [pid ?? 0, start ?? 0];
  } catch {
    return [0, 0];
  }
}

/** Start time of a process in clock ticks since boot, or undefined when there is none: tells a reused process id from its first owner. */
export function processStart(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The title is in brackets and may hold spaces; start time is the 20th field after it (proc(5), field 22).
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}
