import { cpus } from 'node:os';

const WINDOW_MS = 1000;

interface Reading {
  atMs: number;
  busyMs: number;
  allMs: number;
}

/** How busy the machine's cores were over the last second. */
export class MachineLoad {
  /** Oldest first; the first is about a window old. */
  #readings: Reading[] = [read()];

  /** 0…1 over all cores. Call a few times a second. */
  share(): number {
    const now = read();
    this.#readings.push(now);
    while (this.#readings.length > 2 && now.atMs - (this.#readings[1] as Reading).atMs >= WINDOW_MS) this.#readings.shift();
    const before = this.#readings[0] as Reading;
    const allMs = now.allMs - before.allMs;
    return allMs > 0 ? Math.min(1, Math.max(0, (now.busyMs - before.busyMs) / allMs)) : 0;
  }
}

function read(): Reading {
  let busyMs = 0;
  let allMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    allMs += busy + times.idle;
  }
  return { atMs: performance.now(), busyMs, allMs };
}
