/**
 * The rules of LL-HLS over minutes of a real broadcast: the whole product with synthetic publishers, while somebody joins and
 * leaves, the mixer and then its worker are killed, and at last the room ends. `--restart-origin` kills the origin too: then the
 * cadence of parts cannot hold, every other rule must.
 *
 * `npm run bench:hls-lint -- [--seconds 130] [--part-frames 16] [--restart-origin]`; one JSON object on stdout; exit code 1 when a
 * rule was violated.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { follow } from '../hls-lint/follow.ts';
import { judge } from '../hls-lint/rule.ts';
import { RULES } from '../hls-lint/rules.ts';
import { measuredRates } from '../hls-lint/rules-of-multivariant.ts';
import { ROOM, startProduct, until } from './support/product.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '130' }, 'part-frames': { type: 'string', default: '16' }, 'restart-origin': { type: 'boolean', default: false } } });
const seconds = Number(values.seconds);
/** While it restarts, and its players come back. */
const ORIGIN_AWAY_MS = 6000;
const BROKEN_BY_RESTART = ['6-cadence'];

const events: { atSeconds: number; what: string }[] = [];
const product = await startProduct({ settings: { TESSERA_PART_FRAMES: values['part-frames'], TESSERA_DVR_SECONDS: '60' } });
let violated: string[] = [];
try {
  const here = await product.publish(2, 'moving');
  await until('a playlist', async () => (await fetch(`${product.url}/hls/${ROOM}/index.m3u8`)).ok, 20_000);
  const startedMs = performance.now();
  let awayUntilMs = 0;
  const at = async (share: number, what: string, act: () => Promise<unknown> | unknown): Promise<void> => {
    await delay(Math.max(0, startedMs + 1000 * seconds * share - performance.now()));
    events.push({ atSeconds: Math.round((performance.now() - startedMs) / 100) / 10, what });
    process.stderr.write(`${what}\n`);
    await act();
  };
  const kill = (title: string): void => {
    const pid = product.find(title);
    if (pid === undefined) throw new Error(`there is no ${title}`);
    process.kill(pid, 'SIGKILL');
  };
  const following = follow({ url: `${product.url}/hls/${ROOM}/index.m3u8`, seconds: seconds + 30, excused: () => performance.now() < awayUntilMs });
  let third: Awaited<ReturnType<typeof product.publish>> | undefined;
  await at(0.1, 'somebody joins', async () => (third = await product.publish(1, 'moving')));
  await at(0.25, 'and leaves', () => third?.close());
  await at(0.35, 'the mixer is killed', () => kill(`tessera-mixer ${ROOM}`));
  await at(0.5, 'its worker is killed', () => kill('tessera-mixer'));
  await at(0.65, 'the layout changes', () => product.api('PUT', `/api/rooms/${ROOM}/layout`, { preset: 'split' }));
  if (values['restart-origin'])
    await at(0.75, 'the origin is killed', () => {
      awayUntilMs = performance.now() + ORIGIN_AWAY_MS;
      kill('tessera-origin');
    });
  await at(0.95, 'the room ends', () => product.api('DELETE', `/api/rooms/${ROOM}`));
  const observed = await following;
  await here.close();
  const { rules } = judge(RULES, observed);
  violated = Object.entries(rules).flatMap(([id, rule]) => (rule.verdict === 'violated' && !(values['restart-origin'] && BROKEN_BY_RESTART.includes(id)) ? [id] : []));
  console.log(
    JSON.stringify({
      benchmark: 'hls-lint',
      partFrames: Number(values['part-frames']),
      events,
      followedSeconds: Math.round((performance.now() - startedMs) / 1000),
      renditions: observed.renditions.map((r) => ({ uri: r.uri, playlists: r.answers.length, parts: r.parts.size, segmentsCompared: r.segments.length, removedAsked: r.removed.length, removedAskedLater: r.removedLater, excused: r.excused, ended: r.answers.at(-1)?.playlist.ended ?? false, peakBps: Math.round(measuredRates(r).peakBps), averageBps: Math.round(measuredRates(r).averageBps) })),
      rules: Object.fromEntries(Object.entries(rules).map(([id, { text: _text, ...verdict }]) => [id, verdict.verdict === 'violated' ? verdict : verdict.verdict])),
      violated,
    }),
  );
} finally {
  await product.close();
}
process.exit(violated.length === 0 ? 0 : 1);
