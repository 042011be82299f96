import type { LayoutPreset } from '../api/types.ts';

/** The presets a host can pick. */
export const LAYOUTS: readonly { preset: LayoutPreset; name: string; hint: string }[] = [
  { preset: 'grid', name: 'Grid', hint: 'Everyone the same size' },
  { preset: 'speaker', name: 'Speaker', hint: 'Who speaks is large, the others in a strip' },
  { preset: 'presentation', name: 'Presentation', hint: 'The shared screen is large, people in a strip' },
  { preset: 'pip', name: 'Picture in picture', hint: 'One large, one small in the corner' },
  { preset: 'split', name: 'Split', hint: 'Two side by side' },
  { preset: 'single', name: 'Single', hint: 'Only who speaks' },
  { preset: 'portrait', name: 'Portrait', hint: 'Stacked, for upright screens' },
];

export const CUSTOM_LAYOUT = { preset: 'custom', name: 'Custom', hint: 'Boxes of your own' } as const;

export function layoutName(preset: LayoutPreset): string {
  return LAYOUTS.find((layout) => layout.preset === preset)?.name ?? 'Custom layout';
}
