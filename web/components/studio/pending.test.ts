import { describe, expect, it } from 'vitest';
import { patched, PendingChanges, same, type Patch } from './pending.ts';

describe('patched', () => {
  it('sets, clears with null, and leaves the rest', () => {
    const before: { labels: boolean; banner?: { text: string }; captions?: boolean } = { labels: true, banner: { text: 'a' } };
    expect(patched(before, { banner: null, captions: true })).toEqual({ labels: true, captions: true });
    expect(before).toEqual({ labels: true, banner: { text: 'a' } });
  });
});

describe('same', () => {
  it('looks into values and does not mind the order of keys or what is undefined', () => {
    expect(same({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1, d: undefined })).toBe(true);
    expect(same({ a: 1 }, { a: 2 })).toBe(false);
    expect(same([1], [1, 2])).toBe(false);
    expect(same(null, {})).toBe(false);
  });
});

describe('PendingChanges', () => {
  interface Value {
    a: number;
    b?: string;
  }
  /** Requests wait until the test answers them. */
  function rig(): { changes: PendingChanges<Value>; sent: { patch: Patch<Value>; whole: Value; answer: (value: Value) => void; refuse: (reason: Error) => void }[]; settled: () => Promise<void> } {
    const sent: ReturnType<typeof rig>['sent'] = [];
    const send = (patch: Patch<Value>, whole: Value): Promise<Value> => new Promise((answer, refuse) => sent.push({ patch, whole, answer, refuse }));
    return { changes: new PendingChanges<Value>({ a: 1 }, send, () => undefined), sent, settled: () => new Promise((resolve) => setImmediate(resolve)) };
  }

  it('shows a change before it is answered, and what the answer says until the room says otherwise', async () => {
    const { changes, sent, settled } = rig();
    changes.change({ a: 2 });
    expect(changes.value).toEqual({ a: 2 });
    sent[0]?.answer({ a: 20 });
    await settled();
    expect(changes.value).toEqual({ a: 20 });
    changes.roomSays({ a: 3 });
    expect(changes.value).toEqual({ a: 3 });
  });

  it('sends one request at a time and puts together what comes meanwhile', async () => {
    const { changes, sent, settled } = rig();
    changes.change({ a: 2 });
    for (let a = 3; a < 50; a += 1) changes.change({ a });
    changes.change({ b: 'x' });
    expect(sent).toHaveLength(1);
    expect(changes.value).toEqual({ a: 49, b: 'x' });
    sent[0]?.answer({ a: 2 });
    await settled();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ patch: { a: 49, b: 'x' }, whole: { a: 49, b: 'x' } });
    expect(changes.value).toEqual({ a: 49, b: 'x' });
  });

  it('takes back what was refused, keeps why until something is taken, and goes on', async () => {
    const { changes, sent, settled } = rig();
    changes.change({ b: 'bad' });
    changes.change({ a: 5 });
    sent[0]?.refuse(new Error('no'));
    await settled();
    expect(changes.error).toEqual(new Error('no'));
    expect(changes.value).toEqual({ a: 5 });
    sent[1]?.answer({ a: 5 });
    await settled();
    expect(changes.error).toBeUndefined();
    changes.change({ b: null });
    expect(sent[2]?.patch).toEqual({ b: null });
  });
});
