import { describe, expect, it } from 'vitest';
import { CaptionQueue } from './caption-queue.ts';

describe('captions', () => {
  it('wait for their picture, stay as long as told, two at most, and come again for who goes back', () => {
    const queue = new CaptionQueue();
    queue.add({ text: 'one', durationMs: 3000 }, 0);
    queue.add({ text: 'two', speaker: 'Ann', durationMs: 3000 }, 500);
    queue.add({ text: 'three', durationMs: 3000 }, 600);
    const texts = (nowMs: number, behindMs = 2000): string[] => queue.shown(nowMs, behindMs).map((line) => line.text);
    expect(texts(1999)).toEqual([]);
    expect(texts(2000)).toEqual(['one']);
    expect(texts(2700)).toEqual(['two', 'three']);
    expect(texts(5550)).toEqual(['three']);
    expect(texts(6000)).toEqual([]);
    expect(texts(6000, 6000)).toEqual(['one']);
  });

  it('are bounded', () => {
    const queue = new CaptionQueue();
    for (let i = 0; i < 5000; i++) queue.add({ text: String(i), durationMs: 1000 }, i < 4000 ? 0 : 10_000);
    expect(queue.shown(500, 0)).toEqual([]);
    expect(queue.shown(10_500, 0).map((line) => line.text)).toEqual(['4998', '4999']);
  });
});
