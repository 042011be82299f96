/** Shapes of what goes in and out; checked at run time and written into the OpenAPI document. */
import { z } from 'zod';
import type { ParticipantId, RoomId } from '../../domain/ids.ts';
import { LAYOUT_PRESETS, type LayoutChoice } from '../../domain/room.ts';

export const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, _ and -, 1 to 64 of them');
const roomId = name.transform((id) => id as RoomId);
/** Shown to people: no control characters. */
const label = (max: number) => z.string().trim().min(1).max(max).regex(/^[^\u0000-\u001f\u007f]*$/, 'no control characters');
const role = z.enum(['operator', 'host', 'presenter', 'participant', 'viewer']);
const fraction = z.number().min(0).max(1);
const isoTime = z.iso.datetime();
const videoRendition = z.enum(['high', 'mid']);

const region = z
  .object({
    participant: name.transform((id) => id as ParticipantId).optional(),
    slot: z.int().min(0).max(99).optional().describe('Index in order of joining, when there is no participant'),
    source: z.enum(['camera', 'screen']).default('camera'),
    x: fraction,
    y: fraction,
    width: fraction.refine((n) => n > 0, 'must be more than 0'),
    height: fraction.refine((n) => n > 0, 'must be more than 0'),
    z: z.int().min(0).max(999).default(0),
    fit: z.enum(['cover', 'contain']).default('cover'),
  })
  .refine((r) => (r.participant === undefined) !== (r.slot === undefined), 'needs either participant or slot')
  .refine((r) => r.x + r.width <= 1.000001 && r.y + r.height <= 1.000001, 'must lie inside the canvas');

export const layoutChoice = z
  .object({
    preset: z.enum(LAYOUT_PRESETS),
    regions: z.array(region).min(1).max(25).optional().describe('Of the preset custom only; fractions of the canvas'),
  })
  .refine((l) => (l.preset === 'custom') === (l.regions !== undefined), { path: ['regions'], message: 'regions go with the preset custom, and only with it' })
  .transform((l): LayoutChoice => l);

const evenPixels = z.int().min(160).max(3840).refine((n) => n % 2 === 0, 'must be even');
export const videoFormat = z.object({
  width: evenPixels.default(1280),
  height: evenPixels.max(2160).default(720),
  frameRate: z.union([z.literal(15), z.literal(25), z.literal(30), z.literal(50), z.literal(60)]).default(30),
});

export const roomCreate = z.object({
  id: roomId.optional().describe('Made up when absent'),
  name: label(100).optional(),
  layout: layoutChoice.default({ preset: 'grid' }),
  video: videoFormat.default({ width: 1280, height: 720, frameRate: 30 }),
  region: name.optional(),
  autoRecord: z.boolean().default(false),
  access: z.enum(['token', 'open', 'ticket']).default('token').describe('open: watched without a token; ticket: as token today, single use is not enforced yet'),
});

export const tokenRequest = z.object({
  role,
  sub: name.optional().describe('Identity; made up when absent'),
  name: label(64).optional(),
  ttlMs: z.int().min(1000).max(30 * 24 * 3600_000).optional().describe('Default 6 hours'),
});
export const tokenAnswer = z.object({ token: z.string(), expiresAt: isoTime });

const text = label(200);
/** A partial update: what is absent stays, `null` clears. */
export const overlaysPatch = z.object({
  labels: z.boolean().nullable().optional(),
  speakerBorder: z.boolean().nullable().optional(),
  watermark: z
    .object({ text: text.optional(), image: name.optional(), corner: z.enum(['topLeft', 'topRight', 'bottomLeft', 'bottomRight']).default('bottomRight') })
    .nullable()
    .optional(),
  lowerThird: z.object({ title: text, subtitle: text.optional() }).nullable().optional(),
  banner: z.object({ text }).nullable().optional(),
  captions: z.boolean().nullable().optional(),
  slate: z.object({ text }).nullable().optional(),
  background: z.string().regex(/^#[0-9a-fA-F]{6}$/, 'a colour such as #101418').nullable().optional(),
});
export const overlays = z.object({
  labels: z.boolean(),
  speakerBorder: z.boolean().optional(),
  watermark: z.object({ text: z.string().optional(), image: z.string().optional(), corner: z.string() }).optional(),
  lowerThird: z.object({ title: z.string(), subtitle: z.string().optional() }).optional(),
  banner: z.object({ text: z.string() }).optional(),
  captions: z.boolean().optional(),
  slate: z.object({ text: z.string() }).optional(),
  background: z.string().optional(),
});

export const participantPatch = z
  .object({
    audioMuted: z.boolean(),
    videoHidden: z.boolean(),
    gain: z.number().min(0).max(4).describe('Linear factor'),
    pinned: z.boolean(),
    role: z.enum(['host', 'presenter', 'participant', 'viewer']),
  })
  .partial();

export const participant = z.object({
  id: name,
  name: z.string(),
  role,
  joinedAt: isoTime,
  publications: z.array(
    z.object({
      source: z.enum(['camera', 'screen']),
      feed: z.string(),
      audio: z.boolean(),
      video: z.boolean(),
      width: z.int().optional(),
      height: z.int().optional(),
    }),
  ),
  audioMuted: z.boolean(),
  videoHidden: z.boolean(),
  gain: z.number(),
  pinned: z.boolean(),
});

export const room = z.object({
  id: name,
  name: z.string(),
  status: z.enum(['idle', 'live', 'ended']),
  createdAt: isoTime,
  layout: layoutChoice,
  overlays,
  video: videoFormat,
  access: z.enum(['token', 'open', 'ticket']),
  autoRecord: z.boolean(),
  node: z.string().nullable().describe('The ingest node that owns the room, null before the first publication'),
  participants: z.int(),
  mix: z.object({ status: z.enum(['idle', 'starting', 'running', 'recovering']), epoch: z.int() }),
  urls: z.object({ join: z.url(), watch: z.url(), studio: z.url(), whip: z.url(), whep: z.url(), hls: z.url() }),
});

export const recordingCreate = z.object({ name: label(100).optional(), rendition: videoRendition.default('high') });
export const recording = z.object({
  id: name,
  room: name,
  name: z.string(),
  rendition: videoRendition,
  status: z.enum(['recording', 'paused', 'processing', 'complete', 'failed']),
  startedAt: isoTime,
  stoppedAt: isoTime.optional(),
  durationMs: z.number(),
  gaps: z.array(z.object({ atMs: z.number(), lengthMs: z.number(), reason: z.enum(['mixerRestart', 'originRestart', 'paused', 'stalled']) })),
  files: z.array(
    z.object({
      kind: z.enum(['mp4', 'audio', 'poster', 'storyboard', 'hls']),
      name: z.string(),
      url: z.string().describe('Path on this service, same token'),
      contentType: z.string(),
      bytes: z.int(),
      sha256: z.string(),
    }),
  ),
  report: z.object({ checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })) }),
  error: z.string().optional(),
});

export const restreamCreate = z.object({ url: z.string().min(1).max(2048).describe('rtmp(s):// or srt://'), rendition: videoRendition.default('high') });
export const restream = z.object({
  id: name,
  room: name,
  url: z.string().describe('Redacted'),
  rendition: videoRendition,
  status: z.enum(['connecting', 'live', 'reconnecting', 'failed', 'stopped']),
  bytesSent: z.int(),
  lastError: z.string().nullable(),
  createdAt: isoTime,
});

export const byRoom = z.object({ room: name.optional() });
export const whipQuery = z.object({ source: z.enum(['camera', 'screen']).default('camera') });
const watchedRendition = z.enum(['auto', 'high', 'mid', 'low', 'audio']).describe('auto follows loss and bandwidth; low is served as mid, the lowest that is encoded today');
export const whepQuery = z.object({
  rendition: watchedRendition.default('auto'),
  audio: z.enum(['none']).optional().describe('For a participant who hears the mix-minus already'),
});
export const renditionChoice = z.object({ rendition: watchedRendition });

export const node = z.object({
  id: z.string(),
  machine: z.string(),
  role: z.string(),
  region: z.string(),
  pid: z.int(),
  startedAt: isoTime,
  load: z.number(),
  used: z.number(),
  capacity: z.number(),
  version: z.string(),
});

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('Stable; what a program looks at'),
  detail: z.string().optional(),
  instance: z.string(),
  problems: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
