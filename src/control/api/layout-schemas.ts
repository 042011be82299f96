/** The shape of a layout. Keys that nobody knows are refused, so that a misspelt one does not go unnoticed. */
import { z } from 'zod';
import type { ParticipantId } from '../../domain/ids.ts';
import { DEFAULT_TRANSITION_MS, LAYOUT_PRESETS, MAX_TILES, type CustomRegion, type LayoutChoice } from '../../domain/room.ts';
import { fraction, name } from './basic-schemas.ts';

/** Thirds written as 0.3333 may add up to a little more than the canvas. */
const SLACK = 0.000_001;

const region = z
  .strictObject({
    participant: name.transform((id) => id as ParticipantId).optional().describe('Need not be there yet: the region stays empty until they come'),
    slot: z.int().min(0).max(99).optional().describe('Index of the seat (order of joining until somebody leaves), when there is no participant'),
    source: z.enum(['camera', 'screen']).default('camera'),
    x: fraction.describe('Left edge, as a fraction of the canvas'),
    y: fraction.describe('Top edge'),
    width: fraction.refine((n) => n > 0, 'must be more than 0'),
    height: fraction.refine((n) => n > 0, 'must be more than 0'),
    z: z.int().min(0).max(999).default(0).describe('Regions may overlap: the higher one is in front'),
    fit: z.enum(['cover', 'contain']).optional().describe('cover crops, contain never does; default: cover for cameras, contain for screens'),
  })
  .refine((r) => (r.participant === undefined) !== (r.slot === undefined), 'needs either participant or slot')
  .refine((r) => r.x + r.width <= 1 + SLACK && r.y + r.height <= 1 + SLACK, 'must lie inside the canvas: x + width and y + height at most 1')
  .transform((r): CustomRegion => ({ ...r, fit: r.fit ?? (r.source === 'screen' ? 'contain' : 'cover') }));

/** A picture is on the canvas once. */
function findRepeated(regions: readonly CustomRegion[]): number {
  const seen = new Set<string>();
  return regions.findIndex((r) => {
    const whose = `${r.source} ${r.participant ?? String(r.slot)} ${r.participant === undefined ? 'slot' : 'participant'}`;
    return seen.size === seen.add(whose).size;
  });
}

export const layoutChoice = z
  .strictObject({
    preset: z.enum(LAYOUT_PRESETS),
    regions: z.array(region).min(1).max(MAX_TILES).optional().describe('Of the preset custom, and only of it'),
    autoPresentation: z.boolean().optional().describe('A shared screen turns grid and speaker into presentation and back; default true'),
    gap: z.number().min(0).max(0.1).optional().describe("Between tiles and around them, as a fraction of the canvas's shorter side; default 1/90 (8 pixels at 720 lines)"),
    fit: z.enum(['cover', 'contain']).optional().describe('Of cameras: cover (default) crops to the middle, contain never crops; screens are never cropped'),
    transitionMs: z.int().min(0).max(2000).optional().describe(`Length of the animation to this layout and of later changes in it; 0 switches at once; default ${DEFAULT_TRANSITION_MS}`),
  })
  .superRefine((layout, context) => {
    if ((layout.preset === 'custom') !== (layout.regions !== undefined))
      context.addIssue({ code: 'custom', path: ['regions'], message: 'regions go with the preset custom, and only with it' });
    const repeated = findRepeated(layout.regions ?? []);
    if (repeated >= 0) context.addIssue({ code: 'custom', path: ['regions', repeated], message: 'another region before it shows the same picture' });
  })
  .transform((l): LayoutChoice => l);

export const layoutExamples = {
  speaker: { preset: 'speaker' },
  calmGrid: { preset: 'grid', gap: 0.03, fit: 'contain', transitionMs: 800, autoPresentation: false },
  custom: {
    preset: 'custom',
    regions: [
      { slot: 0, source: 'screen', x: 0, y: 0, width: 1, height: 1 },
      { participant: 'anna', x: 0.74, y: 0.7, width: 0.24, height: 0.28, z: 1 },
    ],
  },
} as const;
