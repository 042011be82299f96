import { useEffect, useState } from 'react';
import type { LayoutPreset } from '../api/types.ts';
import { LAYOUTS } from './layouts.ts';
import { ErrorNote } from './page.tsx';

/** Small drawings of the presets: x, y, width, height in a 16 × 9 box. */
const SKETCHES: Partial<Record<LayoutPreset, readonly (readonly [number, number, number, number])[]>> = {
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
};

/** A radio group of layouts; the choice takes effect at once. `onChange` answers whether it was taken. */
export function LayoutPicker({ value, onChange, error }: { value: LayoutPreset; onChange: (preset: LayoutPreset) => Promise<boolean>; error?: string }) {
  const [wanted, setWanted] = useState<LayoutPreset>();
  // the choice stands until the room says the same, or refuses
  useEffect(() => setWanted(undefined), [value]);
  const pick = (preset: LayoutPreset): void => {
    setWanted(preset);
    void onChange(preset).then((taken) => !taken && setWanted(undefined));
  };
  return (
    <section className="card" aria-labelledby="layout-title">
      <h2 id="layout-title">Layout</h2>
      <div className="layouts" role="radiogroup" aria-labelledby="layout-title" data-testid="layouts" data-layout={value}>
        {LAYOUTS.map(({ preset, name, hint }) => (
          <label key={preset} title={hint} className="layout">
            <input type="radio" name="layout" value={preset} checked={(wanted ?? value) === preset} onChange={() => pick(preset)} data-testid={`layout-${preset}`} />
            <svg viewBox="-1 -1 18 11" aria-hidden="true">
              {(SKETCHES[preset] ?? []).map(([x, y, width, height], index) => (
                <rect key={index} x={x} y={y} width={width} height={height} rx="0.6" className={index === 0 ? 'first' : undefined} />
              ))}
            </svg>
            <span>{name}</span>
          </label>
        ))}
      </div>
      <ErrorNote error={error} />
    </section>
  );
}
