import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { RoomId } from '../../domain/ids.ts';
import { createLogger } from '../../observability/logger.ts';
import type { SlotChange } from '../../state/viewer-store.ts';
import { QoeBook } from './qoe-book.ts';
import type { ViewerReport } from './tally.ts';

const ROOM = 'room' as RoomId;
const log = createLogger('test', { logLevel: 'silent', nodeId: 'test' });
const report = (viewer: string, more: Partial<ViewerReport> = {}): ViewerReport => ({ viewer, mode: 'hls', watchedMs: 10_000, stalls: 0, stalledMs: 0, leaving: false, ...more });
let book: QoeBook;

function rig(): { registry: Registry; written: { room: string; change: SlotChange }[] } {
  const registry = new Registry();
  const written: { room: string; change: SlotChange }[] = [];
  book = new QoeBook({ add: async (room, _slot, change) => void written.push({ room, change }) }, log, registry);
  return { registry, written };
}
afterEach(() => book.close());

describe('what players tell', () => {
  it('is written once for all of a room', async () => {
    const { written } = rig();
    for (let i = 0; i < 500; i++) book.take(ROOM, report(`viewer-${i}`, { latencyMs: 2000 }));
    await book.flush();
    expect(written).toHaveLength(1);
    expect(written[0]?.change.seen).toHaveLength(500);
    expect(written[0]?.change.increments).toMatchObject({ watchedMs: 5_000_000 });
  });

  it('takes a player out that leaves or goes over to WHEP, and back in when it comes back', async () => {
    const { written } = rig();
    book.take(ROOM, report('a'));
    book.take(ROOM, report('a', { leaving: true }));
    book.take(ROOM, report('b', { mode: 'webrtc' }));
    book.take(ROOM, report('c', { mode: 'webrtc' }));
    book.take(ROOM, report('c', { mode: 'native' }));
    await book.flush();
    expect(written[0]?.change).toMatchObject({ seen: ['c'], gone: ['a', 'b'] });
  });

  it('is bounded while Redis does not answer, and counted in Prometheus all the same', async () => {
    const { registry } = rig();
    for (let i = 0; i < 25_000; i++) book.take(ROOM, report(`viewer-${i}`));
    const text = await registry.metrics();
    expect(text).toContain('tessera_viewer_reports_total{kind="hls"} 25000');
    expect(text).toContain('tessera_viewer_reports_dropped_total{kind="hls"} 5000');
  });
});
