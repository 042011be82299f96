import { createCanvas } from '@napi-rs/canvas';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RoomId } from '../../domain/ids.ts';
import type { Overlays } from '../../domain/room.ts';
import type { Canvas, PlacedPicture } from '../canvas.ts';
import type { MixRoom } from '../mix-ipc.ts';
import { CanvasOverlays, FIRST_OVERLAY_ID } from './canvas-overlays.ts';
import { clockText } from './draw-slate.ts';
import type { OverlayBox } from './place-overlays.ts';

class FakeCanvas {
  readonly pictures = new Map<number, PlacedPicture>();
  readonly calls: string[] = [];
  background = '';
  setPicture(id: number, picture: PlacedPicture | undefined): void {
    this.calls.push(`${picture ? 'set' : 'remove'} ${id}`);
    if (picture) this.pictures.set(id, picture);
    else this.pictures.delete(id);
  }
  setBackground(colour: string): void {
    this.calls.push('background');
    this.background = colour;
  }
  get list(): PlacedPicture[] {
    return [...this.pictures.values()].sort((a, b) => a.z - b.z);
  }
}

let dir: string;
const file = (name: string): string => join(dir, name);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tessera-overlays-'));
  const picture = createCanvas(400, 200);
  const context = picture.getContext('2d');
  context.fillStyle = '#ff0000';
  context.fillRect(0, 0, 200, 200);
  context.fillStyle = '#0000ff';
  context.fillRect(200, 0, 200, 200);
  writeFileSync(file('logo.png'), picture.toBuffer('image/png'));
  writeFileSync(file('logo.jpg'), picture.toBuffer('image/jpeg', 95));
  writeFileSync(file('logo.webp'), picture.toBuffer('image/webp', 95));
  const png = picture.toBuffer('image/png');
  const huge = Buffer.from(png);
  huge.writeUInt32BE(60_000, 16);
  writeFileSync(file('huge.png'), huge);
  writeFileSync(file('broken.png'), Buffer.concat([png.subarray(0, 40), Buffer.alloc(100, 7)]));
  writeFileSync(file('large.png'), Buffer.alloc(3 * 1024 * 1024));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const images = (): Record<string, string> => Object.fromEntries(['logo.png', 'logo.jpg', 'logo.webp', 'huge.png', 'broken.png', 'large.png', 'absent.png'].map((name) => [name, file(name)]));

function room(overlays: Partial<Overlays>, recording = false, [width, height] = [1280, 720]): MixRoom {
  return { id: 'r' as RoomId, layout: { preset: 'grid' }, overlays: { labels: true, ...overlays }, video: { width: width as number, height: height as number, frameRate: 30 }, recording, images: images() };
}

function rig(nowMs = 1_000_000): { canvas: FakeCanvas; overlays: CanvasOverlays; failed: string[]; clock: { nowMs: number } } {
  const canvas = new FakeCanvas();
  const failed: string[] = [];
  const clock = { nowMs };
  const overlays = new CanvasOverlays(canvas as unknown as Canvas, { width: 1280, height: 720, frameRate: 30 }, { imageFailed: (path) => failed.push(path), now: () => clock.nowMs });
  return { canvas, overlays, failed, clock };
}

const inside = (outer: OverlayBox, inner: OverlayBox): boolean => inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;

function pixel({ width, pixels }: PlacedPicture, x: number, y: number): number[] {
  return [...pixels.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
}

function whites({ pixels }: PlacedPicture): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 4) if ((pixels[i] ?? 0) > 230 && (pixels[i + 1] ?? 0) > 230 && (pixels[i + 3] ?? 0) > 200) sum++;
  return sum;
}

const EVERYTHING: Partial<Overlays> = {
  watermark: { text: 'Tessera', corner: 'topLeft', opacity: 0.5, scale: 0.15 },
  lowerThird: { title: 'Anna Berg', subtitle: 'Deep sea biology' },
  banner: { text: 'Questions are answered later' },
  captions: true,
  recordingBadge: true,
};

describe('overlays of the canvas', () => {
  it('cost nothing when there are none', () => {
    const { canvas, overlays } = rig();
    overlays.change(room({}));
    overlays.tick(1_000_500);
    overlays.caption({ text: 'unwanted', durationMs: 1000 });
    overlays.close();
    expect(canvas.calls).toEqual([]);
  });

  it('tell what they cover when it changes: captions all they may, not each line', async () => {
    const told: OverlayBox[][] = [];
    const canvas = new FakeCanvas();
    const overlays = new CanvasOverlays(canvas as unknown as Canvas, { width: 1280, height: 720, frameRate: 30 }, { covered: (boxes) => told.push(boxes), now: () => 1_000_000 });
    overlays.change(room({}));
    overlays.change(room({ background: '#203040', watermark: { image: 'logo.png', corner: 'topLeft', opacity: 1, scale: 1 } }));
    await vi.waitFor(() => expect(canvas.list).toHaveLength(1));
    expect(told).toEqual([]); // so large a mark is a picture
    overlays.change(room(EVERYTHING, true));
    overlays.change(room(EVERYTHING, true));
    expect(told).toHaveLength(1);
    overlays.caption({ text: 'So we went down to three thousand metres, and what we saw there nobody had expected at all', durationMs: 4000 });
    overlays.caption({ text: '(applause)', durationMs: 4000 });
    overlays.tick(1_000_500);
    expect(told).toHaveLength(1);
    expect(told[0]).toHaveLength(5);
    for (const picture of canvas.list) expect(told[0]?.filter((box) => inside(box, picture))).toHaveLength(1);
    // a lower third is no wider than its text
    expect(told[0]?.some((box) => box.x === canvas.pictures.get(FIRST_OVERLAY_ID + 4)?.x && box.width === canvas.pictures.get(FIRST_OVERLAY_ID + 4)?.width)).toBe(true);
    overlays.change(room({}));
    expect(told.slice(1)).toEqual([[]]);
  });

  it.each([
    [1280, 720],
    [1920, 1080],
    [720, 1280],
    [720, 720],
    [640, 360],
  ])('%d×%d: all are drawn, inside, even, with ids from 1000, over the tiles, and none covers another', (width, height) => {
    const { canvas, overlays } = rig();
    overlays.change(room(EVERYTHING, true, [width, height]));
    overlays.caption({ text: 'So we went down to three thousand metres, and what we saw there nobody had expected at all', speaker: 'Anna', durationMs: 4000 });
    overlays.caption({ text: '(applause)', durationMs: 4000 });
    expect(canvas.pictures.size).toBe(5);
    for (const id of canvas.pictures.keys()) expect(id).toBeGreaterThanOrEqual(FIRST_OVERLAY_ID);
    canvas.list.forEach((p, i) => {
      expect([p.x % 2, p.y % 2, p.width % 2, p.height % 2, p.z > 0, p.slot]).toEqual([0, 0, 0, 0, true, undefined]);
      expect(p.x >= 0 && p.y >= 0 && p.x + p.width <= width && p.y + p.height <= height).toBe(true);
      expect(whites(p)).toBeGreaterThan(20);
      for (const q of canvas.list.slice(i + 1)) expect(p.x < q.x + q.width && q.x < p.x + p.width && p.y < q.y + q.height && q.y < p.y + p.height).toBe(false);
    });
  });

  it('draws only what has changed', () => {
    const { canvas, overlays } = rig();
    overlays.change(room(EVERYTHING, true));
    canvas.calls.length = 0;
    for (let i = 0; i < 10; i++) {
      overlays.change(room(structuredClone(EVERYTHING), true));
      overlays.tick(1_000_000 + i * 100);
    }
    expect(canvas.calls).toEqual([]);
    overlays.change(room({ ...EVERYTHING, lowerThird: { title: 'Bo Li', subtitle: 'Host' } }, true));
    expect(canvas.calls).toHaveLength(1);
    overlays.change(room({ ...EVERYTHING, lowerThird: { title: 'Bo Li', subtitle: 'Host' } }, false));
    expect(canvas.calls).toHaveLength(2);
    expect(canvas.pictures.size).toBe(3);
  });

  it('fades, unless animation is off', () => {
    const { canvas, overlays } = rig();
    overlays.change(room({ banner: { text: 'one' } }));
    expect(canvas.list[0]?.fadeMs).toBeGreaterThan(0);
    overlays.setAnimated(false);
    overlays.change(room({ banner: { text: 'two' } }));
    expect(canvas.list[0]?.fadeMs).toBe(0);
  });

  it('shows the newest two captions, each for its time', () => {
    const { canvas, overlays, clock } = rig();
    overlays.change(room({ captions: true }));
    overlays.caption({ text: 'one', durationMs: 1000 });
    clock.nowMs += 500;
    overlays.caption({ text: 'two', durationMs: 1000 });
    const two = canvas.list[0]?.height ?? 0;
    overlays.caption({ text: 'three', durationMs: 2000 });
    expect(canvas.list[0]?.height).toBe(two);
    overlays.tick(clock.nowMs + 1100);
    expect(canvas.list[0]?.height).toBeLessThan(two);
    canvas.calls.length = 0;
    overlays.tick(clock.nowMs + 1500);
    expect(canvas.calls).toEqual([]);
    overlays.tick(clock.nowMs + 2100);
    expect(canvas.pictures.size).toBe(0);
  });

  it('takes plain text of any length and kind', () => {
    const { canvas, overlays } = rig();
    const nasty = `\u0000\u202e${'x'.repeat(5000)}\n${'👩‍👩‍👧‍👦'.repeat(500)}`;
    overlays.change(room({ lowerThird: { title: nasty, subtitle: nasty }, banner: { text: nasty }, watermark: { text: nasty, corner: 'bottomLeft', opacity: 1, scale: 0.3 }, captions: true, slate: { text: nasty, until: 'never' } }));
    overlays.caption({ text: nasty, speaker: nasty, durationMs: 1000 });
    overlays.change(room({ lowerThird: { title: ' \n', subtitle: '' }, banner: { text: '\u0000' }, slate: { text: '' } }));
    overlays.caption({ text: '', durationMs: 1000 });
    expect(canvas.pictures.size).toBe(1);
  });

  it('takes away all when closed, once', () => {
    const { canvas, overlays } = rig();
    overlays.change(room(EVERYTHING, true));
    overlays.close();
    overlays.close();
    overlays.change(room(EVERYTHING, true));
    overlays.tick(5);
    expect(canvas.pictures.size).toBe(0);
    expect(canvas.calls.filter((c) => c.startsWith('remove'))).toHaveLength(4);
  });
});

describe('the slate', () => {
  it('covers the canvas above everything and redraws only its clock, once a second, to 00:00', () => {
    const { canvas, overlays, clock } = rig();
    overlays.change(room({ ...EVERYTHING, slate: { text: 'Soon', subtitle: 'Stay', until: new Date(clock.nowMs + 3000).toISOString() } }, true));
    const [base, digits] = canvas.list.slice(-2);
    expect(base).toMatchObject({ x: 0, y: 0, width: 1280, height: 720 });
    expect(base && pixel(base, 3, 3)[3]).toBe(255);
    expect(base && whites(base)).toBeGreaterThan(500);
    expect(digits && digits.width * digits.height).toBeLessThan(1280 * 720 * 0.06);
    canvas.calls.length = 0;
    for (let ms = 0; ms <= 6000; ms += 100) overlays.tick(clock.nowMs + ms);
    expect(canvas.calls).toEqual(Array(3).fill(`set ${FIRST_OVERLAY_ID + 7}`));
    overlays.change(room(EVERYTHING, true));
    expect(canvas.list.at(-1)?.width).toBeLessThan(1280);
  });

  it.each([
    [3_600_000, '1:00:00'],
    [3_599_001, '1:00:00'],
    [754_000, '12:34'],
    [1, '00:01'],
    [0, '00:00'],
    [-99, '00:00'],
  ])('%d ms before the start the clock says %s', (leftMs, text) => expect(clockText(leftMs)).toBe(text));

  it('waits for its picture, with the clock, and does without a broken one', async () => {
    const { canvas, overlays, clock, failed } = rig();
    overlays.change(room({ slate: { text: 'Soon', image: 'logo.png', until: new Date(clock.nowMs + 3000).toISOString() } }));
    overlays.tick(clock.nowMs);
    expect(canvas.calls).toEqual([]);
    await vi.waitFor(() => expect(canvas.pictures.size).toBe(2));
    const base = canvas.list[0] as PlacedPicture;
    const [left, right] = [pixel(base, 20, 20), pixel(base, 1260, 20)];
    expect((left[0] ?? 0) - (left[2] ?? 0)).toBeGreaterThan(60);
    expect((right[2] ?? 0) - (right[0] ?? 0)).toBeGreaterThan(60);
    overlays.change(room({ slate: { text: 'Soon', image: 'broken.png' } }));
    await vi.waitFor(() => expect(failed).toEqual([file('broken.png')]));
    await vi.waitFor(() => expect(canvas.pictures.size).toBe(1));
    expect(pixel(canvas.list[0] as PlacedPicture, 20, 20)).toEqual([26, 31, 39, 255]);
  });
});

describe('pictures of the host', () => {
  it.each(['logo.png', 'logo.jpg', 'logo.webp'])('%s is a watermark with its aspect, size, opacity and corner', async (image) => {
    const { canvas, overlays } = rig();
    overlays.change(room({ watermark: { image, corner: 'bottomRight', opacity: 0.4, scale: 0.1 } }));
    await vi.waitFor(() => expect(canvas.pictures.size).toBe(1));
    const mark = canvas.list[0] as PlacedPicture;
    expect([mark.width, mark.height, mark.opacity]).toEqual([128, 64, 0.4]);
    expect([mark.x, mark.y]).toEqual([1280 - 32 - 128, 720 - 32 - 64]);
    const [r = 0, , b = 0] = pixel(mark, 20, 30);
    expect(r - b).toBeGreaterThan(150);
  });

  it('is a watermark of half the width when that is asked for; texts lie above it', async () => {
    const { canvas, overlays } = rig();
    overlays.change(room({ watermark: { image: 'logo.png', corner: 'bottomLeft', opacity: 1, scale: 0.5 }, lowerThird: { title: 'Anna' }, banner: { text: 'Hello' } }));
    await vi.waitFor(() => expect(canvas.pictures.size).toBe(3));
    const [mark, ...texts] = canvas.list.sort((a, b) => a.z - b.z) as [PlacedPicture, ...PlacedPicture[]];
    expect([mark.width, mark.height]).toEqual([640, 320]);
    expect(texts.every((text) => text.z > mark.z && text.y + text.height <= 720)).toBe(true);
  });

  it('covers the canvas behind the tiles', async () => {
    const { canvas, overlays } = rig();
    overlays.change(room({ background: { image: 'logo.png' } }, false, [720, 1280]));
    await vi.waitFor(() => expect(canvas.pictures.size).toBe(1));
    const [background] = canvas.list;
    expect(background).toMatchObject({ z: -1, x: 0, y: 0, width: 720, height: 1280 });
    expect(background && pixel(background, 4, 640)).toEqual([255, 0, 0, 255]);
    expect(background && pixel(background, 715, 640)).toEqual([0, 0, 255, 255]);
    overlays.change(room({ background: '#204060' }));
    expect([canvas.background, canvas.pictures.size]).toEqual(['#204060', 0]);
    overlays.change(room({}));
    expect(canvas.background).toBe('#000000');
  });

  it.each(['huge.png', 'broken.png', 'large.png', 'absent.png'])('%s is left out and told once', async (image) => {
    const { canvas, overlays, failed } = rig();
    const wanted = room({ watermark: { image, text: 'Tessera', corner: 'topLeft', opacity: 1, scale: 0.1 }, background: { image } });
    overlays.change(wanted);
    overlays.change(wanted);
    await vi.waitFor(() => expect(canvas.pictures.size).toBe(1));
    expect(failed).toEqual([file(image)]);
    expect(whites(canvas.list[0] as PlacedPicture)).toBeGreaterThan(20);
  });

  it('that is no longer wanted when it has been read does not appear', async () => {
    const { canvas, overlays } = rig();
    overlays.change(room({ watermark: { image: 'logo.png', corner: 'topLeft', opacity: 1, scale: 0.1 }, background: { image: 'logo.png' } }));
    overlays.change(room({ watermark: { text: 'T', corner: 'topLeft', opacity: 1, scale: 0.1 } }));
    overlays.change(room({}));
    await new Promise((done) => setTimeout(done, 100));
    expect(canvas.pictures.size).toBe(0);
  });
});
