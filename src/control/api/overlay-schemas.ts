/** The shapes of overlays, of the pictures they show and of captions. Unknown keys are refused. */
import { z } from 'zod';
import { DEGRADE_STEPS } from '../../domain/degrade-ladder.ts';
import { ROOM_IMAGE_LIMITS, ROOM_IMAGE_TYPES } from '../../domain/room-image.ts';
import { isoTime, label, name } from './basic-schemas.ts';

export const WATERMARK_DEFAULTS = { corner: 'bottomRight', opacity: 0.8, scale: 0.12 } as const;
export const CAPTION_MS = { min: 500, max: 15_000 } as const;

const text = label(200);
const image = name.describe('Name of a picture uploaded to the room');

const parts = {
  labels: z.boolean().describe('Names on the tiles, with a sign for who is muted'),
  speakerBorder: z.boolean().describe('A border around who speaks'),
  watermark: z
    .strictObject({
      text: text.optional(),
      image: image.optional(),
      corner: z.enum(['topLeft', 'topRight', 'bottomLeft', 'bottomRight']).default(WATERMARK_DEFAULTS.corner),
      opacity: z.number().min(0).max(1).default(WATERMARK_DEFAULTS.opacity),
      scale: z.number().min(0.02).max(0.5).default(WATERMARK_DEFAULTS.scale).describe("Width as a fraction of the canvas's; less for a picture that would be higher than about three quarters of the canvas"),
    })
    .refine((w) => w.text !== undefined || w.image !== undefined, 'needs text or image')
    .describe('In a corner; with both, the image first'),
  lowerThird: z.strictObject({ title: text, subtitle: text.optional() }),
  banner: z.strictObject({ text }),
  captions: z.boolean().describe('Lines pushed to …/captions are shown'),
  slate: z
    .strictObject({
      text,
      subtitle: text.optional(),
      until: z.iso.datetime({ offset: true }).transform((time) => new Date(time).toISOString()).optional().describe('Counts down to this time'),
      image: image.optional(),
    })
    .describe('Covers the whole canvas: before the start, in a break, after the end'),
  background: z.union([z.string().regex(/^#[0-9a-fA-F]{6}$/, 'a colour such as #101418'), z.strictObject({ image })], { error: 'a colour such as #101418, or {"image": name of an uploaded picture}' }).describe('Behind the tiles: #rrggbb, or a picture that covers the canvas'),
  recordingBadge: z.boolean().describe('A badge while a recording runs'),
};

/** A partial update: what is absent stays, `null` clears. What is there replaces its overlay as a whole. */
export const overlaysPatch = z.strictObject({
  labels: parts.labels.nullable().optional(),
  speakerBorder: parts.speakerBorder.nullable().optional(),
  watermark: parts.watermark.nullable().optional(),
  lowerThird: parts.lowerThird.nullable().optional(),
  banner: parts.banner.nullable().optional(),
  captions: parts.captions.nullable().optional(),
  slate: parts.slate.nullable().optional(),
  background: parts.background.nullable().optional(),
  recordingBadge: parts.recordingBadge.nullable().optional(),
});

export const overlays = z.object(parts).partial().required({ labels: true });

export const overlayExamples = {
  watermark: { watermark: { image: 'logo', corner: 'topRight', opacity: 0.7, scale: 0.1 } },
  announcement: { lowerThird: { title: 'Anna Berg', subtitle: 'Deep sea biology' }, banner: null },
  countdown: { slate: { text: 'We begin soon', until: '2026-12-01T18:00:00Z', image: 'poster' }, background: { image: 'stage' } },
} as const;

export const roomImage = z.object({
  name,
  contentType: z.enum(ROOM_IMAGE_TYPES),
  width: z.int().max(ROOM_IMAGE_LIMITS.sidePixels),
  height: z.int().max(ROOM_IMAGE_LIMITS.sidePixels),
  bytes: z.int().max(ROOM_IMAGE_LIMITS.bytes),
  sha256: z.string(),
  url: z.string().describe('Path on this service; a token may stand in ?token='),
});

export const caption = z.strictObject({
  text: label(300),
  speaker: label(64).optional().describe('Shown before the text'),
  durationMs: z.int().min(CAPTION_MS.min).max(CAPTION_MS.max).optional().describe('How long the line stays; default by its length, 2 to 15 seconds'),
});

export const captionExamples = { line: { text: 'Bonjour à toutes et à tous', speaker: 'Anna' }, short: { text: '(applause)', durationMs: 1500 } } as const;

export const degraded = z.object({
  step: z.enum(DEGRADE_STEPS).exclude(['none']),
  reason: z.string(),
  since: isoTime,
});
