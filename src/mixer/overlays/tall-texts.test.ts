import { describe, expect, it } from 'vitest';
import { captionRows } from './draw-captions.ts';
import { planSlate } from './draw-slate.ts';
import { overlayMeasures, placeOverlays } from './place-overlays.ts';

const CAPTION = 'And so we come to the second part of the evening, in which everybody says a sentence that is too long for a single line of the picture.';
const TITLE = 'The evening begins shortly and this title is quite a bit longer than the canvas is wide';

describe.each([
  [1280, 720],
  [720, 1280],
])('on %ix%i', (width, height) => {
  const m = overlayMeasures({ width, height });

  it('a spoken sentence is seen to its end', () => {
    const box = placeOverlays({ width, height }, { captions: true }).captions;

    const rows = captionRows([{ text: CAPTION, speaker: 'Ada' }], (box?.width ?? 0) - 3.2 * m.captionPad, m);

    expect(rows.map((row) => row.text).join(' ')).toBe(`Ada: ${CAPTION}`);
  });

  it('so is the title of a slate, above its clock and inside the canvas', () => {
    const plan = planSlate({ text: TITLE, subtitle: '' }, '2:01:39', width, height, m);

    expect(plan.title.join(' ')).toBe(TITLE);
    expect(plan.top).toBeGreaterThan(0);
    expect(plan.clock?.y ?? 0).toBeGreaterThanOrEqual(Math.floor(plan.top + plan.title.length * plan.titleRow));
  });
});
