/**
 * Hostile clients against the complete service while honest ones watch over WHEP and LL-HLS: each attack is refused or bounded, the honest
 * notice little of it (no p99 doubled), and somebody new still gets in. Larger: `npm run bench:hostile`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileCount, residentBytes } from '../../scripts/bench/support/process-cost.ts';
import type { AttackName } from '../../scripts/bench/support/hostile/attackers.ts';
import type { AudienceFigures } from '../../scripts/bench/support/hostile/audience.ts';
import { Siege, type Assault } from '../../scripts/bench/support/hostile/siege.ts';
import { NodeClient } from '../../src/node-api/client.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';
import { startSynthetic, type SyntheticProcess } from '../support/synthetic.ts';

const ROOM = 'besieged';
const VIEWERS = 3;
const MAX_VIEWERS = 300;
const WINDOW_MS = 2500;
const IDLE = 10_000;
const ROLES = ['control', 'edge', 'origin', 'ingest'] as const;
const MIB = 1024 * 1024;

let service: Service;
let anna: SyntheticProcess;
let siege: Siege;
let peace: AudienceFigures;
let idleSinceMs = 0;
let bytesBefore: Record<string, number>;

const memory = (): Record<string, number> => Object.fromEntries(ROLES.map((role) => [role, service.processes(`tessera-${role}`).reduce((sum, { pid }) => sum + residentBytes(pid), 0)]));

async function edgeMetric(name: string): Promise<number> {
  const response = await new NodeClient({ internalSecret: undefined }).open(`unix:${service.config.runDir}/edge.sock`, { method: 'GET', path: '/metrics' });
  const text = Buffer.concat(await response.toArray()).toString();
  return Number(new RegExp(`^${name}(?:{.*})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** What an attack does it does again, what the machine did meanwhile it does not: who seems harmed is attacked a second time. */
async function assault(name: AttackName, size: number, { ms = WINDOW_MS, stands = false } = {}): Promise<Assault> {
  const first = await siege.assault(name, size, ms, { stands });
  if (harm(first).length === 0) return first;
  process.stdout.write(`${name}, first time: ${harm(first).join(', ')}\n`);
  if (stands) await siege.end(name);
  return siege.assault(name, size, ms, { stands });
}

function harm({ honest, joinedMs }: Assault): string[] {
  const { pictureGapP99Ms, reloadP99Ms, answerP99Ms, pictures, errors } = honest;
  return Object.entries({
    [`${errors} errors`]: errors > 0,
    [`${pictures} pictures`]: pictures < (VIEWERS * 25 * WINDOW_MS) / 1000,
    [`pictures ${pictureGapP99Ms} ms apart`]: pictureGapP99Ms >= 2 * peace.pictureGapP99Ms,
    [`playlists after ${reloadP99Ms} ms`]: reloadP99Ms >= 2 * peace.reloadP99Ms,
    // 10 to 20 ms in peace: two times that is nothing anybody notices
    [`answers after ${answerP99Ms} ms`]: answerP99Ms >= Math.max(2 * peace.answerP99Ms, 250),
    [`joined after ${joinedMs} ms`]: joinedMs >= 2500,
  }).flatMap(([what, is]) => (is ? [what] : []));
}

beforeAll(async () => {
  service = await startService({ env: { TESSERA_EDGE_MAX_VIEWERS: String(MAX_VIEWERS) } });
  expect((await service.api('POST', '/api/rooms', { id: ROOM, video: { width: 640, height: 360, frameRate: 30 } })).status).toBe(201);
  anna = await startSynthetic(service.url, ROOM, ['--names', 'anna', '--width', '320', '--height', '180', '--fps', '15']);
  await waitFor('a live mix', async () => ((await (await service.api('GET', `/api/rooms/${ROOM}`)).json()) as { mix: { status: string } }).mix.status === 'running');
  siege = await Siege.start(
    { url: service.url, room: ROOM, viewerToken: await service.token({ room: ROOM, role: 'viewer' }), publisherToken: await service.token({ room: ROOM, role: 'participant' }) },
    VIEWERS,
  );
  await siege.peace(1000);
  peace = await siege.peace(2 * WINDOW_MS);
  bytesBefore = memory();
}, 60_000);

afterAll(async () => {
  siege?.close();
  await anna?.stop();
  await service?.stop();
});

describe('connections', () => {
  it(`${IDLE} that send nothing or half a request stand for a while, and cost little`, async () => {
    idleSinceMs = performance.now();

    const result = await assault('idleConnections', IDLE, { stands: true });

    expect(result.attack).toMatchObject({ opened: IDLE });
    expect(harm(result)).toEqual([]);
  });

  it('one with a thousand requests for coming parts holds few of them', async () => {
    const result = await siege.assault('heldInARow', 1000, 500);

    expect(result.attack['closed']).toBe(1);
    expect(result.attack['answers'] ?? 0).toBeLessThanOrEqual(1); // one at a time
  });
});

describe('requests', () => {
  it('endless blocking reloads', async () => {
    const result = await assault('blockingReloads', 100);

    expect(result.attack[400]).toBeGreaterThan(0);
    expect(harm(result)).toEqual([]);
  });

  it('a flood of PATCHes is refused beyond the rate, and the session bears it', async () => {
    const result = await assault('patchFlood', 300);

    expect(result.attack[429]).toBeGreaterThan(100);
    expect(result.attack['session']).toBe(204);
    expect(harm(result)).toEqual([]);
  });
});

describe('viewers', () => {
  it('that lie about what they got, or flood', async () => {
    const keyframes = await edgeMetric('tessera_edge_keyframe_requests');

    const result = await assault('fakeFeedback', 3);

    expect(result.attack).toMatchObject({ liars: 3, flooder: 404 });
    expect((await edgeMetric('tessera_edge_keyframe_requests')) - keyframes).toBeLessThan(8); // one a second, however many ask
    expect(harm(result)).toEqual([]);
  });

  it('that send pictures', async () => {
    const result = await assault('sendsMedia', 3);

    expect(result.attack['sent']).toBeGreaterThan(1000);
    expect(harm(result)).toEqual([]);
  });

  it('with the fingerprint of another certificate are never connected, and are ended at once', async () => {
    const result = await assault('wrongFingerprints', 6);

    expect(result.attack).toMatchObject({ connected: 0, packets: 0 });
    expect(result.attack['tried']).toBeGreaterThan(8);
    expect(result.attack['alive']).toBeLessThan(6); // those of the last second
    expect(harm(result)).toEqual([]);
  });

  it('that never come do not keep others out', async () => {
    const result = await assault('emptyPromises', 100, { ms: 2 * WINDOW_MS });

    expect(await edgeMetric('tessera_edge_displaced_total')).toBeGreaterThan(0);
    expect(harm(result)).toEqual([]);
  });
});

describe('slow readers', () => {
  it('get no more than their sockets hold', async () => {
    const result = await assault('slowReaders', 200);

    expect(result.attack['opened']).toBe(200);
    expect(harm(result)).toEqual([]);
  });
});

describe('afterwards', () => {
  it('idle connections are closed within 30 s, and memory is what it was', async () => {
    await waitFor('their end', async () => ((await siege.look('idleConnections'))['open'] ?? 1) === 0, { timeoutMs: Math.max(1000, 32_000 - (performance.now() - idleSinceMs)), intervalMs: 500 });

    expect(openFileCount(service.pidOf('tessera-control'))).toBeLessThan(1000);
    for (const [role, bytes] of Object.entries(memory())) expect((bytes - (bytesBefore[role] ?? 0)) / MIB, role).toBeLessThan(200);
  });
});
