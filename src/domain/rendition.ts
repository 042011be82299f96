/** The renditions a programme is encoded in; the ladder's lower rungs come with their own issue. */
export type VideoRendition = 'high' | 'mid';
export type Rendition = VideoRendition | 'audio';

export interface VideoRenditionSpec {
  name: VideoRendition;
  width: number;
  height: number;
  frameRate: number;
  bitrateBps: number;
}

/** Renditions of a programme whose canvas is `width` × `height` at `frameRate`, best first. `mid` is half the size in each direction, even pixels. */
export function videoRenditions(width: number, height: number, frameRate: number): VideoRenditionSpec[] {
  const even = (n: number): number => Math.max(2, Math.round(n / 2) * 2);
  const scale = (width * height * frameRate) / (1280 * 720 * 30);
  return [
    { name: 'high', width, height, frameRate, bitrateBps: Math.round(2_500_000 * Math.max(0.25, scale)) },
    { name: 'mid', width: even(width / 2), height: even(height / 2), frameRate, bitrateBps: Math.round(600_000 * Math.max(0.25, scale)) },
  ];
}

/** Tracks of the programme protocol; the number is the byte on the wire. */
export const TRACKS = { 'video:high': 1, 'video:mid': 2, 'audio:aac': 16, 'audio:opus': 17 } as const;
export type TrackName = keyof typeof TRACKS;

const NAMES = new Map<number, TrackName>(Object.entries(TRACKS).map(([name, id]) => [id, name as TrackName]));

export function trackName(id: number): TrackName | undefined {
  return NAMES.get(id);
}

export function videoTrack(rendition: VideoRendition): TrackName {
  return `video:${rendition}`;
}
