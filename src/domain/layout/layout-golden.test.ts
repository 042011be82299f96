/**
 * Every preset as text, compared exactly with golden/*.txt. When a layout is meant to change:
 * `npx vitest run --project unit src/domain/layout/layout-golden.test.ts -u`, then look at what has changed with
 * `npx tsx test/support/draw-layout.ts docs/layouts.png` (test/support/draw-layout.ts says how to draw other canvases).
 */
import { describe, expect, it } from 'vitest';
import { LAYOUT_PRESETS, type LayoutPreset } from '../room.ts';
import { layoutCase, layoutText } from './layout-cases.ts';

const COUNTS = [1, 2, 3, 4, 5, 9, 16, 25, 40];
const ELSEWHERE: LayoutPreset[] = ['grid', 'speaker', 'presentation', 'pip', 'split', 'portrait'];
const GOLDEN: [canvas: string, width: number, height: number, presets: readonly LayoutPreset[]][] = [
  ['1280x720', 1280, 720, LAYOUT_PRESETS],
  ['720x1280', 720, 1280, ELSEWHERE],
  ['720x720', 720, 720, ELSEWHERE],
];
const SHARED: LayoutPreset[] = ['presentation', 'pip', 'split', 'single', 'portrait'];

describe('golden layouts', () => {
  for (const [canvas, width, height, presets] of GOLDEN)
    for (const preset of presets)
      it(`${preset} on ${canvas}`, async () => {
        const cases = COUNTS.flatMap((count) => [
          layoutCase(preset, count, width, height),
          ...(SHARED.includes(preset) && count <= 9 ? [layoutCase(preset, count, width, height, true)] : []),
        ]);
        await expect(`${cases.map(layoutText).join('\n')}\n`).toMatchFileSnapshot(`golden/${preset}-${canvas}.txt`);
      });
});
