import { describe, expect, it } from 'vitest';
import type { Rendition } from '../domain/rendition.ts';
import { RenditionChooser, type Ladder } from './rendition-chooser.ts';

const BITRATES: Record<Rendition, number> = { high: 2_596_000, mid: 696_000, low: 148_000, audio: 28_000 };
const ladder: Ladder = { has: () => true, bitrateBps: (rung) => BITRATES[rung] };
const STEP_MS = 100;

/**
 * A viewer behind a link with a queue of 400 ms: a reception report a second (or when the estimate falls), a round trip for each, NACKs the
 * moment something is missing, and an estimate that falls to 0.85 of what comes through when the queue grows, and rises slowly.
 */
class SimulatedViewer {
  nowMs = 0;
  readonly chooser: RenditionChooser;
  readonly changes: { atMs: number; to: Rendition }[] = [];
  capacityBps = 5_000_000;
  lossByChance = 0;
  reporting = true;
  /** What the picture takes of its announced rate. */
  share = 1;
  #queueBits = 0;
  #remb = 600_000;
  #lost = 0;
  #expected = 0;
  #reportDueMs = 1000;
  #srDueMs = 0;
  #arrivesAtMs: number | undefined = 0;
  #debt = 0;

  constructor(offered: Ladder) {
    this.chooser = new RenditionChooser(0, offered);
  }

  run(seconds: number): Rendition {
    const until = this.nowMs + 1000 * seconds;
    while (this.nowMs < until) this.#step();
    return this.chooser.current;
  }

  #step(): void {
    this.nowMs += STEP_MS;
    const { chooser, nowMs } = this;
    if (this.#arrivesAtMs !== undefined && nowMs >= this.#arrivesAtMs) {
      chooser.arrived(nowMs);
      this.#arrivesAtMs = undefined;
    }
    const media = BITRATES[chooser.current] * (chooser.current === 'audio' ? 1 : this.share);
    const sentBps = Math.max(media, chooser.probeBps(nowMs));
    const room = 0.4 * this.capacityBps;
    this.#queueBits = Math.max(0, this.#queueBits + ((sentBps - this.capacityBps) * STEP_MS) / 1000);
    const over = Math.max(0, this.#queueBits - room);
    this.#queueBits -= over;
    const packets = (sentBps * STEP_MS) / 1000 / 9000;
    this.#debt += packets * (over / ((sentBps * STEP_MS) / 1000) + this.lossByChance);
    const lost = Math.floor(this.#debt);
    this.#debt -= lost;
    this.#lost += lost;
    this.#expected += packets;
    const through = Math.min(sentBps, this.capacityBps);
    const queueMs = (1000 * this.#queueBits) / this.capacityBps;
    if (this.reporting) {
      chooser.evidence.nacked(nowMs, lost, packets);
      const grows = sentBps > 1.02 * this.capacityBps;
      const before = this.#remb;
      if (grows) this.#remb = Math.min(this.#remb, 0.85 * through);
      else this.#remb = Math.max(this.#remb, Math.min(this.#remb * 1.008, 1.5 * through));
      const fell = this.#remb < 0.97 * before;
      if (fell || nowMs >= this.#reportDueMs) {
        chooser.evidence.estimate(nowMs, this.#remb);
        chooser.evidence.lost(nowMs, this.#lost, Math.round(this.#expected));
        this.#lost = 0;
        this.#expected = 0;
        this.#reportDueMs = nowMs + 1000;
        if (nowMs >= this.#srDueMs) {
          chooser.evidence.roundTrip(nowMs, 40 + queueMs);
          this.#srDueMs = nowMs + (chooser.curious ? 200 : 1000);
        }
      }
    }
    const before = chooser.current;
    const choice = chooser.decide(nowMs, sentBps);
    if (choice === before) return;
    this.changes.push({ atMs: nowMs, to: choice });
    this.#arrivesAtMs = nowMs + (choice === 'audio' ? 0 : 700);
  }
}

describe('RenditionChooser', () => {
  it('begins in the middle, tries the rate of the better rung, and goes up', () => {
    const viewer = new SimulatedViewer(ladder);

    expect(viewer.chooser.current).toBe('mid');
    viewer.run(10);

    expect(viewer.changes).toEqual([{ atMs: expect.any(Number) as number, to: 'high' }]);
    expect(viewer.changes[0]?.atMs).toBeGreaterThan(4000);
    expect(viewer.chooser.probes).toBe(1);
  });

  it('is down within a second where far too much is sent, straight to what fits, and back up when the link is wide again', () => {
    const viewer = new SimulatedViewer(ladder);
    viewer.run(20);
    for (const [capacityBps, fits, withinMs] of [[400_000, 'low', 1000], [100_000, 'audio', 2000]] as const) {
      const from = viewer.nowMs;
      const changesBefore = viewer.changes.length;
      viewer.capacityBps = capacityBps;

      expect(viewer.run(10), `at ${capacityBps}`).toBe(fits);

      expect(viewer.changes[changesBefore]?.atMs).toBeLessThanOrEqual(from + withinMs);
      expect(viewer.changes.slice(changesBefore).map(({ to }) => to)).toEqual([fits]);
    }
    viewer.capacityBps = 5_000_000;

    expect(viewer.run(75)).toBe('high');
  });

  it('falls from the top to sound alone in one step', () => {
    const viewer = new SimulatedViewer(ladder);
    viewer.run(20);
    viewer.capacityBps = 100_000;
    viewer.run(3);

    expect(viewer.changes.slice(1).map(({ to }) => to)).toEqual(['audio']);
  });

  it('finds by ballast alone that a link is too thin for more, ever more seldom, and hardly disturbs the picture', () => {
    const viewer = new SimulatedViewer(ladder);
    viewer.capacityBps = 1_200_000;
    viewer.run(120);

    expect(viewer.changes).toEqual([]);
    expect(viewer.chooser.probes).toBeGreaterThan(3);
    expect(viewer.chooser.probes).toBeLessThan(9);
  });

  it('takes a trial back at once when the better rung does not hold, and waits longer for the next', () => {
    const viewer = new SimulatedViewer(ladder);
    while (viewer.chooser.current === 'mid' && viewer.nowMs < 20_000) viewer.run(0.1);
    viewer.capacityBps = 1_200_000;
    const from = viewer.nowMs;
    viewer.run(3);

    expect(viewer.changes.map(({ to }) => to)).toEqual(['high', 'mid']);
    expect((viewer.changes[1]?.atMs ?? Infinity) - from).toBeLessThanOrEqual(2000);
    expect(viewer.chooser.rollbacks).toBe(1);
  });

  it('stays on the smallest picture where one packet in twenty is lost by chance', () => {
    const viewer = new SimulatedViewer({ ...ladder, has: (rung) => rung !== 'mid' && rung !== 'high' });
    viewer.lossByChance = 0.05;
    viewer.run(60);

    expect(viewer.changes).toEqual([]);
  });

  it('does not go down because the estimate lags behind a picture that begins to move', () => {
    const viewer = new SimulatedViewer(ladder);
    viewer.share = 0.05;
    viewer.run(20);
    const changesBefore = viewer.changes.length;
    viewer.share = 1;
    viewer.run(20);

    expect(viewer.changes.slice(changesBefore)).toEqual([]);
    expect(viewer.chooser.current).toBe('high');
  });

  it('stays where it is for a viewer that reports nothing, and without a better rung', () => {
    const silent = new SimulatedViewer(ladder);
    silent.reporting = false;
    const alone = new SimulatedViewer({ ...ladder, has: (rung) => rung === 'mid' || rung === 'audio' });

    expect([silent.run(60), alone.run(60)]).toEqual(['mid', 'mid']);
    expect([silent.chooser.probes, alone.chooser.probes]).toEqual([0, 0]);
  });
});
