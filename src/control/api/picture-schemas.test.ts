import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import * as shape from './schemas.ts';

function refusals(schema: z.ZodType, value: unknown): string[] {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.map((i) => `/${i.path.join('/')}: ${i.code === 'unrecognized_keys' ? i.keys.join(',') : i.message}`);
}
const custom = (...regions: Record<string, unknown>[]) => ({ preset: 'custom', regions: regions.map((r) => ({ x: 0, y: 0, width: 1, height: 1, ...r })) });

describe('layouts', () => {
  it('are filled with defaults only where a region needs them', () => {
    const parsed = shape.layoutChoice.parse(custom({ slot: 0, source: 'screen' }, { participant: 'not-here-yet', z: 3, width: 0.5, fit: 'contain' }));

    expect(parsed).toEqual({
      preset: 'custom',
      regions: [
        { slot: 0, source: 'screen', x: 0, y: 0, width: 1, height: 1, z: 0, fit: 'contain' },
        { participant: 'not-here-yet', source: 'camera', x: 0, y: 0, width: 0.5, height: 1, z: 3, fit: 'contain' },
      ],
    });
    expect(shape.layoutChoice.parse({ preset: 'grid', gap: 0, transitionMs: 0, autoPresentation: false })).toEqual({ preset: 'grid', gap: 0, transitionMs: 0, autoPresentation: false });
  });

  it.each([
    ['an unknown key', { preset: 'grid', transition: 3 }, '/: transition'],
    ['an unknown key in a region', custom({ slot: 0, opacity: 1 }), '/regions/0: opacity'],
    ['a fraction out of range', custom({ slot: 0, x: -0.1 }), '/regions/0/x: '],
    ['no width', custom({ slot: 0, width: 0 }), '/regions/0/width: must be more than 0'],
    ['a region that leaves the canvas', custom({ slot: 0, x: 0.2 }), '/regions/0: must lie inside'],
    ['a region of nobody', custom({}), '/regions/0: needs either'],
    ['a region of two', custom({ slot: 0, participant: 'a' }), '/regions/0: needs either'],
    ['the same picture twice', custom({ slot: 1 }, { slot: 0 }, { slot: 1, width: 0.5 }), '/regions/2: another region'],
    ['regions without custom', { ...custom({ slot: 0 }), preset: 'grid' }, '/regions: regions go with'],
    ['custom without regions', { preset: 'custom' }, '/regions: regions go with'],
    ['too wide a gap', { preset: 'grid', gap: 0.2 }, '/gap: '],
    ['too slow a transition', { preset: 'grid', transitionMs: 2001 }, '/transitionMs: '],
    ['another fit', { preset: 'grid', fit: 'stretch' }, '/fit: '],
    ['not a number', custom({ slot: 0, x: Number.NaN }), '/regions/0/x: '],
  ])('refuse %s', (_what, layout, refusal) => {
    expect(refusals(shape.layoutChoice, layout)).toEqual([expect.stringContaining(refusal) as unknown]);
  });

  it('may overlap, and add up to the canvas in decimals', () => {
    expect(refusals(shape.layoutChoice, custom({ slot: 0 }, { slot: 1 }, { slot: 1, source: 'screen', x: 0.1, width: 0.9 }, { slot: 2, x: 0.7, width: 0.30000000000000004 }))).toEqual([]);
  });
});

describe('overlays', () => {
  it('are filled with defaults, and clear with null', () => {
    expect(shape.overlaysPatch.parse({ watermark: { text: 'On air' }, banner: null, slate: { text: 'Soon', until: '2026-12-01T19:00:00+01:00' } })).toEqual({
      watermark: { text: 'On air', corner: 'bottomRight', opacity: 0.8, scale: 0.12 },
      banner: null,
      slate: { text: 'Soon', until: '2026-12-01T18:00:00.000Z' },
    });
  });

  it('show texts in any script', () => {
    for (const text of ['Grüße', 'العربية', '日本語', 'עברית', '👩🏽‍🚀 ok', 'a\u0301']) expect(refusals(shape.overlaysPatch, { banner: { text } }), text).toEqual([]);
  });

  it.each([
    ['an unknown overlay', { ticker: { text: 'x' } }, '/: ticker'],
    ['an unknown key', { banner: { text: 'x', colour: 'red' } }, '/banner: colour'],
    ['an empty watermark', { watermark: { corner: 'topLeft' } }, '/watermark: needs text or image'],
    ['another corner', { watermark: { text: 'x', corner: 'middle' } }, '/watermark/corner: '],
    ['too opaque', { watermark: { text: 'x', opacity: 1.1 } }, '/watermark/opacity: '],
    ['too small', { watermark: { text: 'x', scale: 0.01 } }, '/watermark/scale: '],
    ['a path for a picture', { background: { image: '../../etc/passwd' } }, '/background/image: letters'],
    ['neither colour nor picture', { background: 5 }, '/background: a colour such as'],
    ['a path for a watermark', { watermark: { image: 'a/b' } }, '/watermark/image: letters'],
    ['a colour that is none', { background: 'red' }, '/background: a colour such as'],
    ['an empty text', { banner: { text: '  ' } }, '/banner/text: '],
    ['too long a text', { lowerThird: { title: 'x'.repeat(201) } }, '/lowerThird/title: '],
    ['a line break', { banner: { text: 'a\nb' } }, '/banner/text: no control'],
    ['half a surrogate pair', { banner: { text: 'a\ud83d' } }, '/banner/text: no control'],
    ['a time that is none', { slate: { text: 'x', until: 'tomorrow' } }, '/slate/until: '],
  ])('refuse %s', (_what, patch, refusal) => {
    expect(refusals(shape.overlaysPatch, patch)).toEqual([expect.stringContaining(refusal) as unknown]);
  });
});

it('the examples in the document are right', () => {
  for (const example of Object.values(shape.layoutExamples)) expect(refusals(shape.layoutChoice, example)).toEqual([]);
  for (const example of Object.values(shape.overlayExamples)) expect(refusals(shape.overlaysPatch, example)).toEqual([]);
  for (const example of Object.values(shape.captionExamples)) expect(refusals(shape.caption, example)).toEqual([]);
});
