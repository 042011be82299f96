import type { RoleName } from '../config/config.ts';
import type { Services } from './services.ts';

/** Without one of each no room can go live. */
const NEEDED: readonly RoleName[] = ['ingest', 'mixer', 'origin', 'edge'];
const REDIS_TIMEOUT_MS = 1000;

/** @returns the reasons why the service cannot take work; empty when it can */
export async function readiness({ state }: Pick<Services, 'state'>): Promise<string[]> {
  const late = new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('late')), REDIS_TIMEOUT_MS).unref());
  try {
    await Promise.race([state.redis.ping(), late]);
    const nodes = await Promise.race([state.nodes.list(), late]);
    return NEEDED.filter((role) => !nodes.some((n) => n.role === role)).map((role) => `No ${role} process is there.`);
  } catch {
    return ['Redis does not answer.'];
  }
}
