import { randomUUID } from 'node:crypto';
import { keys } from '../../state/keys.ts';
import type { Redis } from '../../state/redis.ts';

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end return 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** One control process acts at a time: a Redis lock that runs out when its holder stops renewing. */
export class Leadership {
  readonly #id = randomUUID();
  #until = 0;

  constructor(
    private readonly redis: Redis,
    private readonly ttlMs = 6000,
  ) {}

  /** Takes or renews the lock. */
  async claim(): Promise<boolean> {
    const asked = performance.now();
    const mine = (await this.redis.eval(RENEW, 1, keys.reconcilerLock, this.#id, String(this.ttlMs))) === 1;
    this.#until = mine ? asked + this.ttlMs : 0;
    return mine;
  }

  get held(): boolean {
    return performance.now() < this.#until;
  }

  async release(): Promise<void> {
    this.#until = 0;
    await this.redis.eval(RELEASE, 1, keys.reconcilerLock, this.#id).catch(() => undefined);
  }
}
