/** The ladder a programme is encoded in, once however many watch; best first. */
export const VIDEO_RENDITIONS = ['high', 'mid', 'low'] as const;
export type VideoRendition = (typeof VIDEO_RENDITIONS)[number];
/** `audio`: sound alone, over WHEP with a poster now and then. */
export type Rendition = VideoRendition | 'audio';

export interface VideoRenditionSpec {
  name: VideoRendition;
  width: number;
  height: number;
  /** Pictures per second that are encoded: the programme's rate ÷ `frameStep`. */
  frameRate: number;
  /** Each how many-th picture of the programme is encoded. */
  frameStep: 1 | 2;
  bitrateBps: number;
}

/**
 * Renditions of a programme whose canvas is `width` × `height` at `frameRate`, best first. `mid` is half the size in each direction, `low` a quarter at half the
 * rate (from 20 pictures a second on); even pixels.
 */
export function videoRenditions(width: number, height: number, frameRate: number): VideoRenditionSpec[] {
  const even = (n: number): number => Math.max(2, Math.round(n / 2) * 2);
  const scale = Math.max(0.25, (width * height * frameRate) / (1280 * 720 * 30));
  const lowStep = frameRate >= 20 && frameRate % 2 === 0 ? 2 : 1;
  return [
    { name: 'high', width, height, frameRate, frameStep: 1, bitrateBps: Math.round(2_500_000 * scale) },
    { name: 'mid', width: even(width / 2), height: even(height / 2), frameRate, frameStep: 1, bitrateBps: Math.round(600_000 * scale) },
    // not more for a larger canvas: it is for links of 150 kbit/s
    { name: 'low', width: even(width / 4), height: even(height / 4), frameRate: frameRate / lowStep, frameStep: lowStep, bitrateBps: Math.round(120_000 * Math.min(1, scale)) },
  ];
}

/**
 * Tracks of the programme protocol; the number is the byte on the wire. `audio:opus` is stereo in 20 ms packets; `audio:opus-low`, for viewers
 * of `low` and `audio`, mono in 40 ms packets at up to 32 kbit/s.
 */
export const TRACKS = { 'video:high': 1, 'video:mid': 2, 'video:low': 3, 'audio:aac': 16, 'audio:opus': 17, 'audio:opus-low': 18 } as const;
export type TrackName = keyof typeof TRACKS;

const NAMES = new Map<number, TrackName>(Object.entries(TRACKS).map(([name, id]) => [id, name as TrackName]));

export function trackName(id: number): TrackName | undefined {
  return NAMES.get(id);
}

export function isVideoRendition(name: unknown): name is VideoRendition {
  return (VIDEO_RENDITIONS as readonly unknown[]).includes(name);
}

export function videoTrack(rendition: VideoRendition): TrackName {
  return `video:${rendition}`;
}
