/**
 * Whether a mix costs the same however many watch: the complete product with two publishers, and the mixer's processor time with 1 and with
 * 200 WHEP viewers of `low` (in processes of their own), in turns.
 *
 * `tsx scripts/bench/edge-mixer.ts [--viewers 200] [--seconds 8] [--rounds 2] [--without-build]`; one JSON object on stdout.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { processorTimes } from './support/process-cost.ts';
import { ROOM, startProduct } from './support/product.ts';
import { ViewerCrowd } from './support/viewer-crowd.ts';

const JOINS_PER_SECOND = 30;
const SETTLE_MS = 1500;

const { values } = parseArgs({
  options: { viewers: { type: 'string', default: '200' }, seconds: { type: 'string', default: '8' }, rounds: { type: 'string', default: '2' }, 'without-build': { type: 'boolean', default: false } },
});
const product = await startProduct({ build: !values['without-build'], settings: { TESSERA_EDGE_MAX_VIEWERS: '1000' } });
const crowd = new ViewerCrowd();
const rounds: { viewers: number; connected: number; mixerCores: number }[] = [];
try {
  const publishers = await product.publish(2, 'moving');
  await crowd.start(2, 333);
  await delay(4000);
  for (let round = 0; round < Number(values.rounds); round++) for (const viewers of [1, Number(values.viewers)]) rounds.push(await measure(viewers));
  await publishers.close();
} finally {
  crowd.close();
  await product.close();
}
const mean = (viewers: number): number => {
  const cores = rounds.filter((r) => r.viewers === viewers).map((r) => r.mixerCores);
  return Math.round((1000 * cores.reduce((a, b) => a + b, 0)) / cores.length) / 1000;
};
console.log(JSON.stringify({ benchmark: 'edge-mixer', mixerCoresAtOne: mean(1), mixerCoresAtMany: mean(Number(values.viewers)), rounds }));
process.exit(0);

async function measure(viewers: number): Promise<(typeof rounds)[number]> {
  const sessions: string[] = [];
  const headers = { authorization: `Bearer ${product.token}` };
  await crowd.join(viewers, JOINS_PER_SECOND, async (index) => {
    const offer = await crowd.offer(index);
    const response = await fetch(`${product.url}/whep/${ROOM}?rendition=low`, { method: 'POST', headers: { ...headers, 'content-type': 'application/sdp' }, body: offer });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`WHEP answered ${response.status} ${answer}`);
    sessions.push(new URL(response.headers.get('location') ?? '', product.url).href);
    crowd.answer(index, answer);
  });
  await delay(SETTLE_MS);
  const pid = product.find(`tessera-mixer ${ROOM}`);
  if (pid === undefined) throw new Error('no mixer');
  const used = (): number => {
    const { userSeconds, systemSeconds } = processorTimes(pid);
    return userSeconds + systemSeconds;
  };
  const from = used();
  const startedMs = performance.now();
  await delay(1000 * Number(values.seconds));
  const mixerCores = (used() - from) / ((performance.now() - startedMs) / 1000);
  const { connected } = await crowd.totals();
  crowd.leave();
  for (const session of sessions) await fetch(session, { method: 'DELETE', headers }).catch(() => undefined);
  return { viewers, connected, mixerCores: Math.round(1000 * mixerCores) / 1000 };
}
