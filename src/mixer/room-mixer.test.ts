import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DegradedState } from '../domain/degrade-ladder.ts';
import type { RoomId } from '../domain/ids.ts';
import type { MixMemory } from '../domain/mix-memory.ts';
import type { MixState } from '../domain/room.ts';
import { MixChild } from './mix-child.ts';
import type { FromMix, MixRoom, ToMix } from './mix-ipc.ts';
import { mixerMetrics } from './mixer-metrics.ts';
import { RoomMixer } from './room-mixer.ts';

const ROOM = 'r1' as RoomId;
/** A process that says what it is told to say, by way of captions, and says first what it was started with. */
const PARROT = `
  process.on('message', (message) => {
    if (message.type === 'start') process.send({ type: 'imageFailed', path: 'started', detail: JSON.stringify(message.memory) });
    if (message.type === 'caption') process.send(JSON.parse(message.caption.text));
  });
  setInterval(() => process.send({ type: 'heartbeat', stats: { frames: Date.now() } }), 100);
`;

let dir: string;
let mixer: RoomMixer;
let children: MixChild[];
let told: Omit<MixState, 'since'>[];
let remembered: { epoch: number; memory: MixMemory }[];
let logged: { level: number; [field: string]: unknown }[];
let storeAway: boolean;
let refused: number;
let registry: Registry;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tsr-room-mixer-'));
  writeFileSync(join(dir, 'parrot.cjs'), PARROT);
  [children, told, remembered, logged, storeAway, refused] = [[], [], [], [], false, 0];
});
afterEach(async () => {
  mixer.giveUp('the test is over');
  await vi.waitFor(() => expect(children.every((child) => child.exited)).toBe(true), { timeout: 3000 });
  rmSync(dir, { recursive: true, force: true });
});

function start(options: { memory?: MixMemory } = {}): void {
  registry = new Registry();
  const mixers = new Map<string, RoomMixer>();
  const counters = mixerMetrics(registry, mixers);
  let epoch = 6;
  mixer = new RoomMixer(
    { room: ROOM, feedSocket: '', programmeSocket: '', recovering: options.memory !== undefined, ...options },
    {
      wanted: async () => Promise.resolve({ id: ROOM } as MixRoom),
      nextEpoch: async () => Promise.resolve(++epoch),
      report: async (_room, state) => void (storeAway ? refuse() : told.push(state)),
      remember: async (_room, of, memory) => void (storeAway ? refuse() : remembered.push({ epoch: of, memory })),
      uplink: async () => Promise.resolve(),
      stepped: (step, direction) => counters.stepped(step, direction),
      takeChild: () => {
        const child = new MixChild(join(dir, 'parrot.cjs'));
        children.push(child);
        return child;
      },
      ended: () => undefined,
    },
    pino({}, { write: (line: string) => void logged.push(JSON.parse(line) as (typeof logged)[number]) }),
  );
  mixers.set(ROOM, mixer);
  mixer.hold().catch(() => undefined); // given up at the end
}

function refuse(): never {
  refused++;
  throw new Error('Redis is away');
}

const says = (message: FromMix): void => mixer.caption({ text: JSON.stringify(message), durationMs: 1 } satisfies Extract<ToMix, { type: 'caption' }>['caption']);
const startedWith = (): unknown[] => logged.filter((line) => line['path'] === 'started').map((line) => JSON.parse(line['detail'] as string) as unknown);
const started = (count = 1): Promise<void> => vi.waitFor(() => expect(startedWith()).toHaveLength(count), { timeout: 5000 });

it('a step of the ladder goes to the room, the log and the metrics, and to the room also when the store was away', async () => {
  const degraded: DegradedState = { step: 'frameRate', reason: 'output 240 ms late', since: '2026-01-01T00:00:00.000Z' };
  start();
  await started();

  says({ type: 'ready', sinceStartMs: 1 });
  says({ type: 'degraded', degraded });
  says({ type: 'degraded', degraded }); // told again, counted once
  await vi.waitFor(() => expect(told.at(-1)).toEqual({ status: 'running', epoch: 7, degraded }));
  const text = await registry.metrics();
  storeAway = true;
  says({ type: 'degraded' });
  await vi.waitFor(() => expect(refused).toBe(1));
  storeAway = false;
  await vi.waitFor(() => expect(told.at(-1)).toEqual({ status: 'running', epoch: 7 }), { timeout: 3000 });

  expect(text).toContain('tessera_mixer_degrade_steps_total{step="frameRate",direction="up"} 1');
  expect(text).toMatch(/tessera_mix_degrade_step\{room="r1"\} [1-9]/);
  expect(await registry.metrics()).toContain('tessera_mixer_degrade_steps_total{step="none",direction="down"} 1');
  expect(await registry.metrics()).toContain('tessera_mix_degrade_step{room="r1"} 0');
  const steps = logged.filter((line) => line['to'] !== undefined);
  expect(steps.map(({ level, epoch, from, to, reason }) => [level, epoch, from, to, reason])).toEqual([
    [40, 7, 'none', 'frameRate', 'output 240 ms late'],
    [30, 7, 'frameRate', 'none', undefined],
  ]);
});

it('seats and steps go on in the next process, here and at the worker that takes the mix over', async () => {
  const before: MixMemory = { seating: { order: ['f1'] } as unknown as NonNullable<MixMemory['seating']>, degradeStep: 'overlays' };
  const after: MixMemory = { seating: { order: ['f1', 'f2'] } as unknown as NonNullable<MixMemory['seating']> };
  start({ memory: before });
  await started();

  storeAway = true;
  says({ type: 'memory', memory: after });
  await vi.waitFor(() => expect(refused).toBe(1));
  storeAway = false;
  await vi.waitFor(() => expect(remembered).toEqual([{ epoch: 7, memory: after }]), { timeout: 3000 });
  children[0]?.kill();
  await started(2);

  expect(startedWith()).toEqual([before, after]);
});
