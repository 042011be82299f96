import { createCanvas } from '@napi-rs/canvas';
import { describe, expect, it } from 'vitest';
import { font, graphemes, isRightToLeft, plainText, shortened } from './text.ts';
import { wrapText } from './wrap-text.ts';

/** Ten pixels a letter. */
const ruler = { measureText: (text: string) => ({ width: graphemes(text).length * 10 }) } as unknown as Parameters<typeof shortened>[0];

describe('plain text', () => {
  it('has no control characters, orders of direction, unpaired surrogates and runs of space', () => {
    expect(plainText(' a\u0000b\n\tc\u202ed\u2066e\ud800f  ', 50)).toBe('ab cdef');
  });

  it('keeps what joins emoji and letters', () => {
    for (const text of ['👩🏽‍👩🏽‍👧🏽‍👦🏽', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}', 'می‌خواهم', '☺️']) expect(plainText(text, 50)).toBe(text);
  });

  it('is bounded by letters, not by code units', () => {
    expect(plainText('👨‍👩‍👧'.repeat(9), 3)).toBe('👨‍👩‍👧👨‍👩‍👧…');
    expect(graphemes(plainText('x'.repeat(100_000), 64))).toHaveLength(64);
  });

  it('puts no more than four marks on a letter', () => {
    expect(plainText(`z${'\u0301'.repeat(40)}a`, 50)).toBe(`z${'\u0301'.repeat(4)}a`);
  });
});

describe('shortening', () => {
  it('leaves what fits', () => {
    expect(shortened(ruler, 'Anna', 40)).toBe('Anna');
  });

  it('cuts between two letters and never wider than asked', () => {
    expect(shortened(ruler, 'Wolfeschlegel', 60)).toBe('Wolfe…');
    expect(shortened(ruler, '👍🏽👍🏽👍🏽👍🏽', 30)).toBe('👍🏽👍🏽…');
    expect(shortened(ruler, 'Anna Berg', 60)).toBe('Anna…');
  });

  it('keeps one letter where there is room for none', () => {
    expect(shortened(ruler, 'Anna', 1)).toBe('A…');
  });
});

describe('direction', () => {
  it.each([
    ['שלום', true],
    ['123 محمد', true],
    ['Hello שלום', false],
    ['😀', false],
    ['', false],
  ])('%s', (text, expected) => expect(isRightToLeft(text)).toBe(expected));
});

describe('wrapping', () => {
  it('breaks between words and ends the last line with an ellipsis', () => {
    expect(wrapText(ruler, 'one two three four', 90, 2)).toEqual(['one two', 'three fo…']);
    expect(wrapText(ruler, 'one two', 90, 2)).toEqual(['one two']);
    expect(wrapText(ruler, '', 90, 2)).toEqual([]);
  });

  it('keeps signs with their word', () => {
    expect(wrapText(ruler, 'Well, (yes). No!', 60, 5)).toEqual(['Well,', '(yes).', 'No!']);
  });

  it('breaks scripts without spaces and words longer than a line', () => {
    expect(wrapText(ruler, '中文字幕测试', 40, 3).every((line) => graphemes(line).length <= 4)).toBe(true);
    expect(wrapText(ruler, 'abcdefghij', 40, 3)).toEqual(['abcd', 'efgh', 'ij']);
  });
});

describe('fonts', () => {
  const drawn = (text: string): string => {
    const canvas = createCanvas(80, 50);
    const context = canvas.getContext('2d');
    context.font = font(32);
    context.fillText(text, 4, 38);
    return Buffer.from(context.getImageData(0, 0, 80, 50).data).toString('base64');
  };

  it.each(['A', 'Ł', 'Ω', 'Ж', 'م', 'ש', 'ह', 'ท', '日', 'か', '中', '한', '😀', 'த', 'ბ', 'አ', 'ভ'])('has %s', (letter) => {
    expect(drawn(letter)).not.toBe(drawn('\u{10fffd}'));
  });

  it('shows emoji in colour, with their skin, families as one', () => {
    const canvas = createCanvas(80, 50);
    const context = canvas.getContext('2d');
    context.fillStyle = '#ffffff';
    context.font = font(32);
    expect(context.measureText('👍🏽').width).toBeCloseTo(context.measureText('👍').width, 0);
    expect(context.measureText('👩‍👩‍👧‍👦').width).toBeCloseTo(context.measureText('👍').width, 0);
    context.fillText('🔴', 4, 38);
    const { data } = context.getImageData(20, 25, 1, 1);
    expect((data[0] ?? 0) - (data[2] ?? 255)).toBeGreaterThan(80);
  });
});
