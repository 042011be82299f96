import { Redis } from 'ioredis';

export type { Redis };

/**
 * A Redis connection for TESSERA_REDIS_URL (`redis[s]://…` or `unix:/path`). Reconnects for ever, at most a second apart.
 * Commands issued while it is away fail after a few tries instead of waiting without end.
 */
export function connectRedis(url: string): Redis {
  const options = {
    maxRetriesPerRequest: 3,
    retryStrategy: (attempt: number): number => Math.min(50 * attempt, 1000),
    enableReadyCheck: true,
  };
  const redis = url.startsWith('unix:') ? new Redis({ path: url.slice('unix:'.length), ...options }) : new Redis(url, options);
  redis.on('error', () => undefined); // readiness tells; each command fails by itself
  return redis;
}
