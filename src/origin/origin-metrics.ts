import { Gauge, type Registry } from 'prom-client';
import type { Origin } from './origin.ts';

/** The origin's figures, read when they are asked for. */
export function registerOriginMetrics(registry: Registry, origin: Origin): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({ name: `tessera_origin_${name}`, help, registers: [registry], collect() { this.set(read()); } });
  };
  gauge('rooms', 'Programmes known', () => origin.rooms.length);
  gauge('live_programmes', 'Programmes with a mixer that delivers', () => origin.rooms.filter((r) => r.programme.live).length);
  gauge('tails', 'Tail readers', () => origin.tails.count);
  gauge('tails_cut_off', 'Tail readers cut off for being slow', () => origin.tails.slowReaders);
  gauge('subscribers', 'Edges that follow a programme', () => origin.programmeServer.subscriberCount);
  gauge('subscriber_dropped_frames', 'Frames not sent to slow edges', () => origin.programmeServer.droppedFrames);
  gauge('refused_epochs', 'Mixers fenced off by a newer epoch', () => origin.programmeServer.refusedEpochs);
  gauge('recordings', 'Recordings not stopped', () => origin.recorder.running);
  gauge('chunk_put_failures', 'Failed attempts to store a chunk', () => origin.recorder.failedPuts);
  gauge('disk_dropped', 'Parts that did not reach the disk', () => origin.rooms.reduce((sum, r) => sum + r.diskDropped, 0));
  const counters = ['parts', 'filledFrames', 'silentFrames', 'lateUnits', 'undecodableUnits', 'droppedUnits'] as const;
  for (const counter of counters) {
    const name = counter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    gauge(name, `Sum over programmes of ${name.replace('_', ' ')}`, () => origin.rooms.reduce((sum, r) => sum + r.programme.counters[counter], 0));
  }
}
