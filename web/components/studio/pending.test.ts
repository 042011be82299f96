import { describe, expect, it } from 'vitest';
import { patched, same } from './pending.ts';

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
