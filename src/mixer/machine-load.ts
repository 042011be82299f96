import { readFileSync } from 'node:fs';

const WINDOW_MS = 1000;

interface Reading {
  atMs: number;
  busy: number;
  all: number;
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
    const all = now.all - before.all;
    return all > 0 ? Math.min(1, Math.max(0, (now.busy - before.busy) / all)) : 0;
  }
}

/** The first line of /proc/stat, proc(5), in ticks: what `os.cpus()` reads besides costs 0.3 ms each time. */
function read(): Reading {
  const text = readFileSync('/proc/stat', 'latin1');
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, ...interruptsAndStolen] = text.slice(0, text.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
  const busy = user + nice + system + interruptsAndStolen.reduce((a, b) => a + b, 0);
  return { atMs: performance.now(), busy, all: busy + idle + waiting };
}
