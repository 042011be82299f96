/**
 * The complete product under siege: honest viewers (WHEP, LL-HLS) in peace, then under one attack after the other, and what it costs. An attacker
 * that is refused costs little; the bar is that no p99 of the honest doubles, counted from the
 * attack's first moment on (in eight seconds two fetches would decide it).
 *
 * `npm run bench:hostile -- [--seconds 20] [--viewers 5] [--only name,name] [--scale 1]`; one JSON object on stdout.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { AttackName } from './support/hostile/attackers.ts';
import { Siege } from './support/hostile/siege.ts';
import { openFileCount, processorSeconds, processTitle, processTree, residentBytes } from './support/process-cost.ts';
import { ROOM, rounded, startProduct, type Product } from './support/product.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    viewers: { type: 'string', default: '5' },
    only: { type: 'string' },
    scale: { type: 'string', default: '1' },
  },
});
const windowMs = Number(values.seconds) * 1000;
const scale = Number(values.scale);
const only = values.only?.split(',');

/** What is too large for a test: connections, clients, or requests a second. */
const SIZES: Record<AttackName, number> = {
  idleConnections: 10_000,
  heldInARow: 5000,
  blockingReloads: 2000,
  patchFlood: 1000,
  fakeFeedback: 10,
  sendsMedia: 10,
  wrongFingerprints: 10,
  emptyPromises: 200,
  slowReaders: 1000,
};
/** Playlists with some segments, so that there is something to read slowly. */
const PROGRAMME_MS = 12_000;

interface Cost {
  /** By role: cores taken, and resident memory in MB. */
  cores: Record<string, number>;
  residentMb: Record<string, number>;
  files: Record<string, number>;
}

const ROLES = ['control', 'edge', 'origin', 'ingest', 'mixer'];

function pids(product: Product): [string, number][] {
  return processTree(product.pid).flatMap((pid): [string, number][] => {
    const role = ROLES.find((name) => processTitle(pid).startsWith(`tessera-${name}`));
    return role ? [[role, pid]] : [];
  });
}

function sums(product: Product, of: (pid: number) => number): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [role, pid] of pids(product)) out[role] = (out[role] ?? 0) + of(pid);
  return out;
}

async function measured<T>(product: Product, run: () => Promise<T>): Promise<T & { cost: Cost }> {
  const before = sums(product, processorSeconds);
  const startedMs = performance.now();
  const result = await run();
  const seconds = (performance.now() - startedMs) / 1000;
  const each = (figures: Record<string, number>, value: (role: string, figure: number) => number): Record<string, number> =>
    Object.fromEntries(Object.entries(figures).map(([role, figure]) => [role, value(role, figure)]));
  return {
    ...result,
    cost: {
      cores: each(sums(product, processorSeconds), (role, now) => rounded((now - (before[role] ?? 0)) / seconds, 3)),
      residentMb: each(sums(product, residentBytes), (_, bytes) => rounded(bytes / 1e6)),
      files: sums(product, openFileCount),
    },
  };
}

const product = await startProduct();
let siege: Siege | undefined;
try {
  const publishers = await product.publish(1, 'moving');
  await delay(PROGRAMME_MS);
  siege = await Siege.start({ url: product.url, room: ROOM, viewerToken: product.token, publisherToken: product.token }, Number(values.viewers));
  const besieged = siege;
  await besieged.peace(2000);
  const peace = await measured(product, async () => ({ honest: await besieged.peace(2 * windowMs) }));
  const attacks: Record<string, object> = {};
  for (const [name, full] of Object.entries(SIZES) as [AttackName, number][]) {
    if (only && !only.includes(name)) continue;
    const size = Math.max(1, Math.round(full * scale));
    const under = await measured(product, () => besieged.assault(name, size, windowMs));
    const ratio = (key: 'pictureGapP99Ms' | 'reloadP99Ms' | 'answerP99Ms'): number => rounded(under.honest[key] / peace.honest[key], 2);
    attacks[name] = { size, pictureGapRatio: ratio('pictureGapP99Ms'), reloadRatio: ratio('reloadP99Ms'), answerRatio: ratio('answerP99Ms'), ...under };
    process.stderr.write(`${name}: ${JSON.stringify(attacks[name])}\n`);
    await besieged.peace(2000);
  }
  const afterwards = await measured(product, async () => ({ honest: await besieged.peace(windowMs) }));
  process.stdout.write(`${JSON.stringify({ bench: 'hostile', seconds: windowMs / 1000, peace, attacks, afterwards })}\n`);
  await publishers.close();
} finally {
  siege?.close();
  await product.close();
}
process.exit(0);
