/** Shapes of what goes in and out; checked at run time and written into the OpenAPI document. */
import { z } from 'zod';
import type { RoomId } from '../../domain/ids.ts';
import { VIDEO_RENDITIONS } from '../../domain/rendition.ts';
import { isoTime, label, name } from './basic-schemas.ts';
import { layoutChoice } from './layout-schemas.ts';
import { degraded, overlays } from './overlay-schemas.ts';

export { layoutChoice, layoutExamples } from './layout-schemas.ts';
export { caption, captionExamples, overlayExamples, overlays, overlaysPatch, roomImage } from './overlay-schemas.ts';
export { name };

const roomId = name.transform((id) => id as RoomId);
const role = z.enum(['operator', 'host', 'presenter', 'participant', 'viewer']);
const videoRendition = z.enum(VIDEO_RENDITIONS);

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
  microphoneOff: z.boolean().optional().describe("By the participant's own page; absent: on, or not known"),
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
  viewers: z.int().describe('Watching now: WHEP sessions of those who take no part, and HLS players that reported within 30 s'),
  mix: z.object({
    status: z.enum(['idle', 'starting', 'running', 'recovering']),
    epoch: z.int(),
    degraded: degraded.nullable().describe('What the mix does without because the machine is overloaded: each step includes those before it; null when nothing'),
  }),
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
const watchedRendition = z.enum(['auto', ...VIDEO_RENDITIONS, 'audio']).describe('auto follows loss and bandwidth; low is a quarter of the size at half the rate, audio has no picture');
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
