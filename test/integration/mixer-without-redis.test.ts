/** The mixer role while Redis is away. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RIG_ROOM } from '../support/mixer-rig.ts';
import { MixerWorkerRig, NODE } from '../support/mixer-worker-rig.ts';
import { isAlive, processTree, waitFor } from '../support/process.ts';

let role: MixerWorkerRig;

beforeAll(async () => {
  role = await MixerWorkerRig.open();
});
afterAll(() => role?.close());

describe('the mixer role', () => {
  it('mixes on without a new epoch while Redis is away for longer than a lock lasts, and holds the job again afterwards', async () => {
    const { rig, rooms, server, queues } = role;
    const worker = role.startWorker();
    await role.askForMix();
    await waitFor('running', async () => (await rooms.mix(RIG_ROOM)).status === 'running', { timeoutMs: 15_000 });
    const before = await rooms.mix(RIG_ROOM);
    const [child] = role.mixersOf(worker).mixing;

    process.kill(server.pid, 'SIGSTOP');
    const awayNs = process.hrtime.bigint();
    await pause(7000);
    process.kill(server.pid, 'SIGCONT');
    await pause(13_000); // longer than a lost lock is waited for

    const times = rig.programme.units.filter((u) => u.track === 'video:high' && u.arrivedNs > awayNs).map((u) => Number(u.arrivedNs) / 1e6);
    const longestMs = Math.max(...times.slice(1).map((t, i) => t - (times[i] as number)));
    expect(role.mixersOf(worker).mixing).toEqual([child]);
    expect((await rooms.mix(RIG_ROOM)).epoch).toBe(before.epoch);
    expect(longestMs).toBeLessThan(500);
    expect(times.length).toBeGreaterThan(0.9 * 20 * 30);
    const jobs = await queues.queue('mix', NODE).getActive();
    expect(jobs.map((j) => j.id)).toEqual([`mix-${RIG_ROOM}`]);

    // an origin that has seen higher epochs than Redis remembers
    expect(await rooms.nextEpoch(RIG_ROOM, 41)).toBe(42);

    await rooms.setMixWanted(RIG_ROOM, false);
    await waitFor('idle', async () => (await rooms.mix(RIG_ROOM)).status === 'idle', { timeoutMs: 4000 });
    const tree = processTree(worker.pid as number);
    worker.kill('SIGTERM');
    await waitFor('the worker to end', () => !tree.some(isAlive), { timeoutMs: 5000 });
  }, 60_000);
});
