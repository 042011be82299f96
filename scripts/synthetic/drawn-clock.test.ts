import { describe, expect, it } from 'vitest';
import { CLOCK_WRAP_MS, clockAgeMs, drawClock, readClock, type Luma } from './drawn-clock.ts';
import { Picture } from './picture.ts';

/** Averages down and adds noise, as scaling and compression do. */
function degrade(i420: Uint8Array, width: number, height: number, toWidth: number, toHeight: number, noise: number): Luma {
  const data = new Uint8Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++)
    for (let x = 0; x < toWidth; x++) {
      const fromX = Math.floor((x * width) / toWidth);
      const fromY = Math.floor((y * height) / toHeight);
      data[y * toWidth + x] = Math.max(0, Math.min(255, (i420[fromY * width + fromX] as number) + Math.round((Math.random() - 0.5) * 2 * noise)));
    }
  return { data, stride: toWidth, width: toWidth, height: toHeight };
}

describe('drawn clock', () => {
  const times = [1, 12_345_678, 0xaaaaaa, 0x555555, CLOCK_WRAP_MS - 1, Date.now()];

  it.each(times)('is read back after scaling and noise: %d', (time) => {
    const picture = new Picture({ pattern: 'clock', width: 640, height: 360, name: 'Ann', color: '#b3261e' });
    picture.draw(time);
    for (const [w, h] of [[640, 360], [320, 180], [160, 90]] as const)
      expect(readClock(degrade(picture.data, 640, 360, w, h, 40))).toBe(time % CLOCK_WRAP_MS);
  });

  it('is found in its place within a larger picture', () => {
    const small = new Uint8Array(320 * 180 * 1.5);
    drawClock(small, 320, 180, 777_777);
    const canvas: Luma = { data: new Uint8Array(1280 * 720).fill(16), stride: 1280, width: 1280, height: 720 };
    for (let y = 0; y < 180; y++) canvas.data.set(small.subarray(y * 320, y * 320 + 320), (y + 400) * 1280 + 700);
    expect(readClock(canvas, { x: 700, y: 400, width: 320, height: 180 })).toBe(777_777);
    expect(readClock(canvas, { x: 0, y: 0, width: 320, height: 180 })).toBeUndefined();
  });

  it('tells the age over the wrap', () => {
    expect(clockAgeMs(CLOCK_WRAP_MS - 10, 5)).toBe(15);
    expect(clockAgeMs(1000, 1300)).toBe(300);
    expect(clockAgeMs(1300, 1000)).toBe(-300);
  });
});
