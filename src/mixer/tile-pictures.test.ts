import { describe, expect, it } from 'vitest';
import { AVATAR_COLOURS, avatarColour } from '../domain/avatar.ts';
import type { Rgba } from './canvas.ts';
import { drawAvatar, drawLabel, drawMore, initialsOf, SPEAKER_BORDER_COLOUR, speakerBorderThickness } from './tile-pictures.ts';

type Pixel = [number, number, number, number];

function at({ width, pixels }: Rgba, x: number, y: number): Pixel {
  const i = (Math.round(y) * width + Math.round(x)) * 4;
  return [pixels[i] ?? -1, pixels[i + 1] ?? -1, pixels[i + 2] ?? -1, pixels[i + 3] ?? -1];
}

function count({ pixels }: Rgba, wanted: (pixel: Pixel) => boolean): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 4) if (wanted([pixels[i] ?? 0, pixels[i + 1] ?? 0, pixels[i + 2] ?? 0, pixels[i + 3] ?? 0])) sum++;
  return sum;
}

const white = ([r, g, b, a]: Pixel): boolean => r > 230 && g > 230 && b > 230 && a > 200;
const red = ([r, g, b, a]: Pixel): boolean => r > 200 && g < 150 && b < 140 && a > 200;

/** WCAG 2.1, relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe('initials', () => {
  it.each([
    ['Anna Łódź', 'AŁ'],
    ['anna maria berg', 'AB'],
    ['Madonna', 'M'],
    ['Jean-Luc', 'JL'],
    ['Борис Годунов', 'БГ'],
    ['محمد علي', 'م ع'],
    ['יוסי כהן', 'יכ'],
    ['王小明', '王'],
    ['김철수', '김'],
    ['🎸 Anna', 'A'],
    ['(Anna) "Lee"', 'AL'],
    ['👩🏽‍👩🏽‍👧🏽‍👦🏽👍🏽', '👩🏽‍👩🏽‍👧🏽‍👦🏽'],
    ['123 456', '14'],
    ['Guest 7', 'G'],
    ['ßtraße', 'S'],
    ['  ', ''],
    ['', ''],
  ])('of %s are %s', (name, expected) => expect(initialsOf(name)).toBe(expected));
});

describe('labels', () => {
  it('are as high as asked, as wide as the name, and even', () => {
    const short = drawLabel('Bo', false, 37, 600);
    const long = drawLabel('Anna Berg-Østergård', false, 37, 600);
    expect(short.height).toBe(38);
    expect(long.width).toBeGreaterThan(short.width * 2);
    for (const label of [short, long]) {
      expect(label.width % 2).toBe(0);
      expect(label.pixels.length).toBe(label.width * label.height * 4);
    }
  });

  it.each(['Wolfeschlegelsteinhausenbergerdorff'.repeat(3), '👩🏽‍👩🏽‍👧🏽‍👦🏽'.repeat(30), 'محمد '.repeat(30), `z${'\u0301'.repeat(500)}`])('are never wider than allowed: %s', (name) => {
    for (const widest of [32, 60, 144]) expect(drawLabel(name, true, 24, widest).width).toBeLessThanOrEqual(widest);
  });

  it('have white letters on a dark plate with free corners', () => {
    const label = drawLabel('Anna', false, 36, 300);
    expect(at(label, 0, 0)[3]).toBe(0);
    const [r, g, b, a] = at(label, 4, 18);
    expect(Math.max(r, g, b)).toBeLessThan(30);
    // white on it over white: 4.5:1 needs at least 0.54
    expect(a).toBeGreaterThan(255 * 0.6);
    expect(count(label, white)).toBeGreaterThan(60);
    expect(count(label, red)).toBe(0);
  });

  it('have a red sign when muted', () => {
    expect(count(drawLabel('Anna', true, 36, 300), red)).toBeGreaterThan(40);
    expect(count(drawLabel('', true, 16, 300), red)).toBeGreaterThan(6);
  });
});

describe('avatars', () => {
  it('have the same colour for the same name, with enough contrast to white', () => {
    expect(avatarColour('Anna')).toBe(avatarColour('Anna'));
    expect(new Set(['Anna', 'Bo', 'Chris', 'Dora', 'Emil', 'Fay'].map(avatarColour)).size).toBeGreaterThan(2);
    for (const colour of AVATAR_COLOURS) expect(1.05 / (luminance(colour) + 0.05)).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    [1280, 720],
    [640, 360],
    [160, 90],
    [90, 160],
    [406, 720],
    [2, 2],
  ])('%d×%d is opaque and has letters on its disc', (width, height) => {
    const avatar = drawAvatar('Anna Lee', width, height);
    expect([avatar.width, avatar.height]).toEqual([width, height]);
    expect(count(avatar, ([, , , a]) => a === 255)).toBe(width * height);
    if (width === 2) return;
    const side = Math.min(width, height);
    const letters = count(avatar, white);
    expect(letters).toBeGreaterThan(side * side * 0.01);
    expect(letters).toBeLessThan(side * side * 0.12);
  });

  it('are different people to different names', () => {
    expect(drawAvatar('Anna', 160, 90).pixels.equals(drawAvatar('Bo', 160, 90).pixels)).toBe(false);
  });

  it('show somebody also without a name', () => {
    expect(count(drawAvatar('', 160, 90), white)).toBeGreaterThan(100);
  });
});

describe('the rest', () => {
  it('is counted on a tile', () => {
    expect(count(drawMore(7, 160, 90), white)).toBeGreaterThan(40);
    expect(count(drawMore(1_234_567, 60, 90), white)).toBeGreaterThan(10);
    expect(drawMore(7, 160, 90).pixels.equals(drawMore(8, 160, 90).pixels)).toBe(false);
  });
});

describe('the border of who speaks', () => {
  it('is as thick for its canvas everywhere, and even', () => {
    expect(speakerBorderThickness(1280, 720)).toBe(4);
    expect(speakerBorderThickness(720, 1280)).toBe(4);
    expect(speakerBorderThickness(1920, 1080)).toBe(6);
    expect(speakerBorderThickness(320, 180)).toBe(2);
    expect(SPEAKER_BORDER_COLOUR).toMatch(/^#[0-9a-f]{6}$/);
  });
});
