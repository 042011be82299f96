/** What a path below `/hls/{room}/` names, as a pure function. */
import { VIDEO_RENDITIONS, type Rendition } from '../domain/rendition.ts';

export type HlsResource =
  | { kind: 'multivariant' }
  | { kind: 'playlist'; rendition: Rendition }
  | { kind: 'init'; rendition: Rendition; number: number }
  | { kind: 'segment'; rendition: Rendition; msn: number }
  | { kind: 'part'; rendition: Rendition; msn: number; index: number }
  | { kind: 'poster' }
  | { kind: 'storyboard' }
  /** Small pictures up to that of segment `lastMsn`. */
  | { kind: 'sheet'; sheet: number; lastMsn: number };

const RENDITION = `(${VIDEO_RENDITIONS.join('|')}|audio)`;
const PLAYLIST = new RegExp(`^${RENDITION}\\.m3u8$`);
const INIT = new RegExp(`^${RENDITION}/init-(\\d{1,9})\\.mp4$`);
const SEGMENT = new RegExp(`^${RENDITION}/(\\d{1,12})\\.m4s$`);
const PART = new RegExp(`^${RENDITION}/(\\d{1,12})\\.(\\d{1,4})\\.m4s$`);
const SHEET = /^storyboard\/(\d{1,9})-(\d{1,12})\.jpg$/;

export function hlsResource(path: string): HlsResource | undefined {
  if (path === 'index.m3u8') return { kind: 'multivariant' };
  if (path === 'poster.jpg') return { kind: 'poster' };
  if (path === 'storyboard.vtt') return { kind: 'storyboard' };
  let m = PLAYLIST.exec(path);
  if (m) return { kind: 'playlist', rendition: m[1] as Rendition };
  m = INIT.exec(path);
  if (m) return { kind: 'init', rendition: m[1] as Rendition, number: Number(m[2]) };
  m = PART.exec(path);
  if (m) return { kind: 'part', rendition: m[1] as Rendition, msn: Number(m[2]), index: Number(m[3]) };
  m = SEGMENT.exec(path);
  if (m) return { kind: 'segment', rendition: m[1] as Rendition, msn: Number(m[2]) };
  m = SHEET.exec(path);
  if (m) return { kind: 'sheet', sheet: Number(m[1]), lastMsn: Number(m[2]) };
  return undefined;
}
