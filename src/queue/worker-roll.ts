/**
 * Who of a machine works on a queue. BullMQ learns of a dead worker when its lock runs out (5 s); on the same machine the
 * kernel knows at once. Each worker writes down its process; another one that finds it gone takes away its locks, and
 * BullMQ's next look for stalled jobs (every 500 ms) hands them on. The locks stay what decides: a worker of another
 * machine, another PID namespace, or one that still lives is never touched.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { keys } from '../state/keys.ts';
import type { Redis } from '../state/redis.ts';
import { BULL_PREFIX } from './queues.ts';

const LOOK_INTERVAL_MS = 500;

/** A process that no other can be mistaken for: PID, its start in clock ticks since boot, its PID namespace. */
interface ProcessMark {
  pid: number;
  startTicks: string;
  namespace: string;
}

/** DEL only while the lock is the dead worker's: `<worker id>:<number>`. */
const DELETE_LOCK = `local held = redis.call('GET', KEYS[1])
  if held and string.sub(held, 1, string.len(ARGV[1])) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`;

export class WorkerRoll {
  readonly #key: string;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  /**
   * @param queue full name of the queue
   * @param workerId BullMQ's id of our worker: the beginning of its locks
   * @param onReleased told how many locks of dead workers were taken away
   */
  constructor(
    private readonly redis: Redis,
    private readonly queue: string,
    private readonly workerId: string,
    private readonly onReleased: (locks: number) => void = () => undefined,
  ) {
    this.#key = keys.workers(queue);
  }

  start(): void {
    const look = (): void => {
      if (this.#looking) return;
      this.#looking = true;
      this.#look()
        .catch(() => undefined) // Redis is away: the next look tries again
        .finally(() => (this.#looking = false));
    };
    look();
    this.#timer = setInterval(look, LOOK_INTERVAL_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.redis.hdel(this.#key, this.workerId).catch(() => undefined);
  }

  async #look(): Promise<void> {
    const roll = await this.redis.hgetall(this.#key);
    if (roll[this.workerId] === undefined) await this.redis.hset(this.#key, this.workerId, JSON.stringify(ownMark()));
    for (const [id, text] of Object.entries(roll)) {
      if (id === this.workerId || isAlive(JSON.parse(text) as ProcessMark)) continue;
      const jobs = await this.redis.lrange(`${BULL_PREFIX}:${this.queue}:active`, '0', '-1');
      let released = 0;
      for (const job of jobs) released += Number(await this.redis.eval(DELETE_LOCK, 1, `${BULL_PREFIX}:${this.queue}:${job}:lock`, `${id}:`));
      await this.redis.hdel(this.#key, id);
      if (released > 0) this.onReleased(released);
    }
  }
}

function ownMark(): ProcessMark {
  return { pid: process.pid, startTicks: startTicks('self') ?? '', namespace: readlinkSync('/proc/self/ns/pid') };
}

/** Processes of another PID namespace cannot be seen from here: they count as alive, their locks run out. */
function isAlive(mark: ProcessMark): boolean {
  if (mark.namespace !== readlinkSync('/proc/self/ns/pid')) return true;
  return startTicks(String(mark.pid)) === mark.startTicks;
}

/** Field 22 of /proc/<pid>/stat (proc(5)); undefined when there is no such process or only its zombie. */
function startTicks(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
