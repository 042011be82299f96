import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LoadFigures } from '../domain/degrade-ladder.ts';
import { Overload } from './overload.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells each step of the ladder once with what it means, goes on where the mix before was, and stops when closed', () => {
  let figures: LoadFigures = { latenessMs: 300, cpuShare: 1, skippedFrames: 0 };
  const told: string[] = [];
  const overload = new Overload({
    step: 'overlays',
    calmNeededMs: 1000,
    read: () => figures,
    stepped: (step, effects, degraded) => told.push(`${step} ${effects.frameStep} ${degraded?.reason ?? '-'}`),
  });
  expect([overload.effects.animate, overload.degraded?.step]).toEqual([false, 'overlays']);
  const { since } = overload.degraded ?? {};
  vi.advanceTimersByTime(400);
  expect(overload.degraded?.since).toBe(since);

  overload.start();
  vi.advanceTimersByTime(1500);
  figures = { latenessMs: 50, cpuShare: 0.3, skippedFrames: 0 };
  vi.advanceTimersByTime(2600);
  expect(told).toEqual(['frameRate 2 output 300 ms late, machine at 100 %', 'overlays 1 output 300 ms late, machine at 100 %', 'none 1 -']);
  expect(overload.degraded).toBeUndefined();

  overload.close();
  figures = { latenessMs: 900, cpuShare: 1, skippedFrames: 9 };
  vi.advanceTimersByTime(5000);
  expect(told).toHaveLength(3);
});
