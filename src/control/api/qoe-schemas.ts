import { z } from 'zod';
import { VIDEO_RENDITIONS } from '../../domain/rendition.ts';
import { VIEWING_MODES } from '../../domain/viewing.ts';
import { isoTime } from './basic-schemas.ts';

const DAY_MS = 24 * 3600_000;
/** A page that slept tells of a longer time than the 10 s between two reports. */
const LONGEST_INTERVAL_MS = 120_000;
const ms = (max: number) => z.number().min(0).max(max);
const quantiles = z.object({ p50: z.number(), p95: z.number() }).nullable();

export const viewerReport = z.strictObject({
  viewer: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/, '16 to 64 letters, digits, _ and -').describe('Made up by the player, the same as long as its page is open'),
  mode: z.enum(VIEWING_MODES).describe('webrtc: WHEP; hls: hls.js; native: the browser’s own HLS'),
  rendition: z.enum([...VIDEO_RENDITIONS, 'audio']).optional(),
  startupMs: ms(600_000).optional().describe('From opening the player to the first picture; in the first report with a picture only'),
  latencyMs: ms(DAY_MS).optional().describe('From the mix to the screen; only of a viewer at the live edge'),
  watchedMs: ms(LONGEST_INTERVAL_MS).default(0).describe('Played since the report before'),
  stalls: z.int().min(0).max(1000).default(0).describe('Times the picture stopped for want of data since the report before'),
  stalledMs: ms(LONGEST_INTERVAL_MS).default(0).describe('How long it stood'),
  leaving: z.boolean().default(false),
});
export const viewerReportExamples = {
  hls: { viewer: 'b1f0c2d3e4a59687', mode: 'hls', rendition: 'mid', startupMs: 640, latencyMs: 2110, watchedMs: 9800, stalls: 1, stalledMs: 200 },
};

export const viewers = z.object({
  total: z.int(),
  hls: z.int().describe('Players that reported within the last 30 s'),
  webrtc: z.int().describe('WHEP sessions of those who take no part in the room'),
});
export const reportAnswer = z.object({ viewers: z.int().describe('Watching the room now'), unixMs: z.number().describe('The service’s clock') });

export const viewing = z.object({
  viewers,
  slotMs: z.int(),
  points: z.array(
    z.object({
      at: isoTime.describe('Begin of the slot'),
      viewers: z.object({ hls: z.int(), webrtc: z.int() }),
      startupMs: quantiles,
      latencyMs: z.object({ hls: quantiles, webrtc: quantiles }),
      stallsPerMinute: z.number().nullable(),
      stalledShare: z.number().nullable(),
      renditions: z.record(z.string(), z.int()),
    }),
  ),
});

export const playerStart = z.object({
  room: z.string(),
  name: z.string(),
  status: z.enum(['idle', 'live', 'ended']),
  modes: z.array(z.enum(['webrtc', 'hls'])).describe('How the room may be watched, best first; the player takes the next one when one fails'),
  viewers: z.int(),
  video: z.object({ width: z.int(), height: z.int() }).describe('Of the rendition high'),
  unixMs: z.number().describe('The service’s clock'),
});
