/** Thumbnails for the scrubber: WebVTT whose cues name a picture and a rectangle in it (`storyboard-1.jpg#xywh=0,0,160,90`). */

export interface Thumbnail {
  startS: number;
  endS: number;
  /** As it stands in the file; relative to it. */
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const TIMING = /^(?:(\d+):)?(\d{2}):(\d{2})[.](\d{3})\s+-->\s+(?:(\d+):)?(\d{2}):(\d{2})[.](\d{3})/;
const FRAGMENT = /^([^#\s]+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/;
/** Two hours by the second. */
const MOST = 7200;

/** What cannot be read is passed over: a scrubber without a picture is still a scrubber. */
export function parseStoryboard(text: string): Thumbnail[] {
  const found: Thumbnail[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length && found.length < MOST; i++) {
    const timing = TIMING.exec(lines[i] ?? '');
    const picture = timing && FRAGMENT.exec((lines[i + 1] ?? '').trim());
    if (!timing || !picture) continue;
    const [x = 0, y = 0, width = 0, height = 0] = picture.slice(2).map(Number);
    if (width === 0 || height === 0) continue;
    found.push({ startS: seconds(timing.slice(1, 5)), endS: seconds(timing.slice(5, 9)), url: picture[1] as string, x, y, width, height });
  }
  return found.sort((a, b) => a.startS - b.startS);
}

function seconds([h = '0', m = '0', s = '0', ms = '0']: readonly (string | undefined)[]): number {
  return Number(h) * 3600 + Number(m) * 60 + Number(s) + Number(ms) / 1000;
}

/** The picture of that time, or the one before it; undefined before the first. */
export function thumbnailAt(thumbnails: readonly Thumbnail[], atS: number): Thumbnail | undefined {
  return thumbnails.findLast((t) => t.startS <= atS);
}
