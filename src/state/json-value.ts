import type { Redis } from './redis.ts';

const COMPARE_AND_SET = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') return 1 else return 0 end`;

/**
 * Changes a JSON value atomically: reads, applies, writes only if nobody else wrote in between, tries again otherwise.
 * @returns the new value, or undefined when there is none; when `change` returns undefined nothing is written and the old value comes back
 */
export async function updateJson<T>(redis: Redis, key: string, change: (value: T) => T | undefined): Promise<T | undefined> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const text = await redis.get(key);
    if (text === null) return undefined;
    const value = JSON.parse(text) as T;
    const next = change(structuredClone(value));
    if (next === undefined) return value;
    if ((await redis.eval(COMPARE_AND_SET, 1, key, text, JSON.stringify(next))) === 1) return next;
  }
  throw new Error(`${key} keeps changing`);
}

export async function getJson<T>(redis: Redis, key: string): Promise<T | undefined> {
  const text = await redis.get(key);
  return text === null ? undefined : (JSON.parse(text) as T);
}

export async function getManyJson<T>(redis: Redis, keys: readonly string[]): Promise<T[]> {
  if (keys.length === 0) return [];
  const texts = await redis.mget(...keys);
  return texts.filter((t): t is string => t !== null).map((t) => JSON.parse(t) as T);
}
