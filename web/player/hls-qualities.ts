/** hls.js's levels in the words of the ladder. */
import { VIDEO_RENDITIONS } from '../../src/domain/rendition.ts';
import type { Quality, QualityChoice } from './playback.ts';

interface Level {
  height: number;
  url: readonly string[];
}

/** Our playlists are called by their rendition: `…/mid.m3u8`. */
export function qualityOf(url: string | undefined): Exclude<Quality, 'auto'> | undefined {
  const name = /([a-z]+)\.m3u8(?:\?.*)?$/.exec(url ?? '')?.[1];
  return [...VIDEO_RENDITIONS, 'audio' as const].find((rendition) => rendition === name);
}

/** Automatic, then the ladder from its top, then sound alone. */
export function qualityChoices(levels: readonly Level[]): QualityChoice[] {
  const pictures = VIDEO_RENDITIONS.flatMap((id) => {
    const level = levels.find((l) => qualityOf(l.url[0]) === id);
    return level ? [{ id, label: `${level.height}p` }] : [];
  });
  return [{ id: 'auto', label: 'Auto' }, ...pictures, { id: 'audio', label: 'Sound only' }];
}

const UNKNOWN_BPS = 1_500_000;

/** What to begin with: what the browser thinks of its connection, of which half is dared; the middle of the ladder where it says nothing. */
export function initialEstimateBps(browser: { connection?: { downlink?: number; saveData?: boolean } } | object): number {
  const connection = 'connection' in browser ? browser.connection : undefined;
  if (!connection) return UNKNOWN_BPS;
  if (connection.saveData) return 200_000;
  const { downlink } = connection;
  return typeof downlink === 'number' && downlink > 0 ? Math.min(UNKNOWN_BPS, downlink * 500_000) : UNKNOWN_BPS;
}
