import type { LayoutPreset } from '../../api/types.ts';
import { CUSTOM_LAYOUT, LAYOUTS } from '../layouts.ts';

/** Small drawings of the presets: x, y, width, height in a 16 × 9 box. */
const SKETCHES: Record<LayoutPreset, readonly (readonly [number, number, number, number])[]> = {
  grid: [
    [0, 0, 7.7, 4.2],
    [8.3, 0, 7.7, 4.2],
    [0, 4.8, 7.7, 4.2],
    [8.3, 4.8, 7.7, 4.2],
  ],
  speaker: [
    [0, 0, 16, 6.2],
    [0, 6.8, 4.9, 2.2],
    [5.5, 6.8, 4.9, 2.2],
    [11.1, 6.8, 4.9, 2.2],
  ],
  presentation: [
    [0, 0, 12, 9],
    [12.6, 0, 3.4, 2.6],
    [12.6, 3.2, 3.4, 2.6],
    [12.6, 6.4, 3.4, 2.6],
  ],
  pip: [
    [0, 0, 16, 9],
    [11, 6, 4.4, 2.5],
  ],
  split: [
    [0, 0, 7.7, 9],
    [8.3, 0, 7.7, 9],
  ],
  single: [[0, 0, 16, 9]],
  portrait: [
    [5, 0, 6, 4.2],
    [5, 4.8, 6, 4.2],
  ],
  custom: [
    [0, 0, 9, 6],
    [9.6, 0, 6.4, 3.4],
    [7, 4.4, 9, 4.6],
  ],
};

/** A radio group of layouts. `onAir` is what the room shows, `value` what is chosen here: they differ while a custom layout is being made. */
export function LayoutPicker({ value, onAir, onPick }: { value: LayoutPreset; onAir: LayoutPreset; onPick: (preset: LayoutPreset) => void }) {
  return (
    <div className="layouts" role="radiogroup" aria-label="Layout" data-testid="layouts" data-layout={onAir}>
      {[...LAYOUTS, CUSTOM_LAYOUT].map(({ preset, name, hint }) => (
        <label key={preset} title={hint} className="layout">
          <input type="radio" name="layout" value={preset} checked={value === preset} onChange={() => onPick(preset)} data-testid={`layout-${preset}`} />
          <svg viewBox="-1 -1 18 11" aria-hidden="true">
            {SKETCHES[preset].map(([x, y, width, height], index) => (
              <rect key={index} x={x} y={y} width={width} height={height} rx="0.6" className={index === 0 ? 'first' : undefined} />
            ))}
          </svg>
          <span>{name}</span>
        </label>
      ))}
    </div>
  );
}
