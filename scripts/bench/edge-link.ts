/**
 * How fast `auto` follows a link: Chromium behind a relay whose rate changes (queue of 400 ms, 20 ms each way), at an edge with a ready-made
 * programme. Tells for each change of rate which rungs were chosen and shown, and when.
 *
 * `tsx scripts/bench/edge-link.ts [--kbps 5000,400,5000,150,5000] [--seconds 10,10,20,8,24]`; one JSON object on stdout.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startEdgeRig, startWatchHost, type WatchState } from '../../test/support/edge-rig.ts';
import { startUdpLink } from '../../test/support/udp-link.ts';

const { values } = parseArgs({ options: { kbps: { type: 'string', default: '5000,400,5000,150,5000' }, seconds: { type: 'string', default: '10,10,20,8,24' } } });
const rates = values.kbps.split(',').map(Number);
const lengths = values.seconds.split(',').map(Number);

interface Phase {
  kbps: number;
  /** Edge's decisions, by its counters: what, why, after how many ms. */
  chosen: { to: string; reason: string; afterMs: number }[];
  /** What the page shows, at its first picture of each. */
  shown: { rung: string; afterMs: number }[];
  probes: number;
  lostPackets: number;
  freezeMs: number;
}

const rig = await startEdgeRig({ ladder: true });
const host = await startWatchHost(rig);
const phases: Phase[] = [];
try {
  const link = await startUdpLink(rig.udpPort, { rateBps: 1000 * (rates[0] as number) });
  const watcher = await host.watch({ viaPort: link.port });
  let counts = await switches();
  let showed = '';
  let before = await watcher.state();
  for (const [i, kbps] of rates.entries()) {
    link.rateBps = 1000 * kbps;
    const fromMs = performance.now();
    const since = (): number => Math.round(performance.now() - fromMs);
    const probes = await rig.metric('probes_total');
    const phase: Phase = { kbps, chosen: [], shown: [], probes: 0, lostPackets: 0, freezeMs: 0 };
    let state = before;
    while (since() < 1000 * (lengths[i] ?? 10)) {
      const now = await switches();
      for (const [key, count] of now) {
        const [to = '', reason = ''] = key.split(' ');
        if (count > (counts.get(key) ?? 0)) phase.chosen.push({ to, reason, afterMs: since() });
      }
      counts = now;
      state = await watcher.state();
      const rung = state.framesDecoded === 0 ? '' : rungOf(state.rgb);
      if (rung !== '' && rung !== showed) phase.shown.push({ rung: (showed = rung), afterMs: since() });
      await delay(50);
    }
    phase.probes = (await rig.metric('probes_total')) - probes;
    phase.lostPackets = state.packetsLost - before.packetsLost;
    phase.freezeMs = Math.round(1000 * (state.freezeSeconds - before.freezeSeconds));
    before = state;
    phases.push(phase);
  }
  link.close();
} finally {
  await host.close();
  await rig.close();
}
console.log(JSON.stringify({ benchmark: 'edge-link', phases }));
process.exit(0);

async function switches(): Promise<Map<string, number>> {
  const response = await rig.client.open(rig.edgeUrl, { method: 'GET', path: '/metrics' });
  let text = '';
  for await (const part of response) text += String(part);
  const found = new Map<string, number>();
  for (const [, labels = '', count] of text.matchAll(/^tessera_edge_switches_total\{([^}]*)\} (\d+)$/gm))
    found.set(`${/to="(\w+)"/.exec(labels)?.[1]} ${/reason="(\w+)"/.exec(labels)?.[1]}`, Number(count));
  return found;
}

/** The rig's pictures: red `high`, blue `mid`, green `low`. */
function rungOf([r, g, b]: WatchState['rgb']): string {
  return r > 150 && b < 100 ? 'high' : b > 150 && r < 100 ? 'mid' : g > 150 && b < 100 ? 'low' : '';
}
