/** How a programme reaches its viewers, as they tell it themselves (quality of experience). */

/** `webrtc`: WHEP; `hls`: LL-HLS by hls.js; `native`: HLS by the browser's own player. */
export const VIEWING_MODES = ['webrtc', 'hls', 'native'] as const;
export type ViewingMode = (typeof VIEWING_MODES)[number];

/** A player reports this often, and once more when it goes. */
export const REPORT_INTERVAL_MS = 10_000;
/** A viewer that was not heard of for this long is gone. */
export const VIEWER_GONE_MS = 30_000;

/** Who is watching now. */
export interface ViewerCount {
  total: number;
  /** By HLS, told by their players. */
  hls: number;
  /** By WHEP, counted by their sessions; participants who watch themselves are none. */
  webrtc: number;
}

export interface Quantiles {
  p50: number;
  p95: number;
}

/** What the players of a room told within one slot of time. */
export interface ViewingPoint {
  /** Begin of the slot, ISO 8601. */
  at: string;
  viewers: { hls: number; webrtc: number };
  /** Time from opening the page's player to the first picture; null when nobody started. */
  startupMs: Quantiles | null;
  /** From the mix to the screen, of those who watch live. */
  latencyMs: { hls: Quantiles | null; webrtc: Quantiles | null };
  /** Per minute of watching; null when nobody watched. */
  stallsPerMinute: number | null;
  /** Part of the time in which the picture stood, 0…1; null when nobody watched. */
  stalledShare: number | null;
  /** Reports by what was shown: `high`, `mid`, `low`, `audio`. */
  renditions: Record<string, number>;
}
