/** One large picture and small ones beside, below or over it: `speaker`, `presentation`, `portrait`, `pip`, `split`. Pure geometry. */
import { bestGrid, gridBoxes, gridHeight } from './grid.ts';
import { centred, even, evenDown, evenLike, line, WIDE, type Area, type Shapes } from './geometry.ts';
import type { Box } from './region.ts';

export interface StageBoxes {
  main: Box;
  others: Box[];
}

/** So many small tiles are together as long as the large picture: 198×112 at 720 lines, names are still readable. */
export const STRIP_TILES = 5;
/** In a row under the large picture of a tall canvas. */
export const TALL_STRIP_TILES = 4;

/**
 * Landscape: a large 16:9 picture and a strip that is exactly as long, on the right of it or (nearer to a square) below it,
 * whichever leaves more for the large picture. The strip fills from its start, so that a join moves nobody.
 */
export function besideStrip(canvas: Area, count: number, gap: number): StageBoxes {
  const column = stripColumn(canvas, gap);
  const row = stripRow(canvas, gap);
  const down = column.main.width * column.main.height >= row.main.width * row.main.height;
  const { main, first } = down ? column : row;
  return { main, others: line(count, first, gap, down) };
}

interface StripStart {
  main: Box;
  first: Box;
}

function stripColumn({ width, height }: Area, gap: number): StripStart {
  const gaps = (STRIP_TILES - 1) * gap;
  const fitting = (width - 3 * gap + (gaps / STRIP_TILES) * WIDE) / (WIDE * (1 + 1 / STRIP_TILES));
  const tileHeight = evenLike((Math.min(height - 2 * gap, fitting) - gaps) / STRIP_TILES, height);
  const tileWidth = evenDown(tileHeight * WIDE);
  const mainHeight = STRIP_TILES * tileHeight + gaps;
  const mainWidth = evenLike(mainHeight * WIDE, width - gap - tileWidth);
  const x = centred(mainWidth + gap + tileWidth, width);
  const y = centred(mainHeight, height);
  return { main: { x, y, width: mainWidth, height: mainHeight }, first: { x: x + mainWidth + gap, y, width: tileWidth, height: tileHeight } };
}

function stripRow({ width, height }: Area, gap: number): StripStart {
  const gaps = (STRIP_TILES - 1) * gap;
  const fitting = ((height - 3 * gap + gaps / STRIP_TILES / WIDE) * WIDE) / (1 + 1 / STRIP_TILES);
  const tileWidth = evenLike((Math.min(width - 2 * gap, fitting) - gaps) / STRIP_TILES, width);
  const tileHeight = evenDown(tileWidth / WIDE);
  const mainWidth = STRIP_TILES * tileWidth + gaps;
  const mainHeight = evenLike(mainWidth / WIDE, height - gap - tileHeight);
  const x = centred(mainWidth, width);
  const y = centred(mainHeight + gap + tileHeight, height);
  return { main: { x, y, width: mainWidth, height: mainHeight }, first: { x, y: y + mainHeight + gap, width: tileWidth, height: tileHeight } };
}

/** A tall or square canvas: a large picture over a row of small ones, both as wide as the canvas. */
export function aboveStrip({ width, height }: Area, count: number, gap: number): StageBoxes {
  const tileWidth = evenLike((width - (TALL_STRIP_TILES + 1) * gap) / TALL_STRIP_TILES, width);
  const tileHeight = evenDown(Math.min((tileWidth * 4) / 3, Math.max(tileWidth / WIDE, height * 0.18)));
  const mainWidth = TALL_STRIP_TILES * tileWidth + (TALL_STRIP_TILES - 1) * gap;
  const mainHeight = evenLike(Math.min(mainWidth * WIDE, height - 3 * gap - tileHeight), height - gap - tileHeight);
  const x = centred(mainWidth, width);
  const y = centred(mainHeight + gap + tileHeight, height);
  const first = { x, y: y + mainHeight + gap, width: tileWidth, height: tileHeight };
  return { main: { x, y, width: mainWidth, height: mainHeight }, others: line(count, first, gap, false) };
}

/** Of a tall area, what the pictures below the large one may take. */
const BELOW_SHARE = 0.45;

/**
 * A tall area: the large picture on top, as wide as the area, the others in a grid below it.
 * @param wideMain the large picture is 16:9 (a share); else it takes what the others leave
 */
export function aboveGrid(area: Area, count: number, gap: number, shapes: Shapes, wideMain: boolean): StageBoxes {
  const width = area.width - 2 * gap;
  const space = area.height - 3 * gap;
  if (!wideMain && count === 1) {
    const half = evenLike(space / 2, area.height);
    const y = centred(2 * half + gap, area.height);
    return { main: { x: gap, y, width, height: half }, others: [{ x: gap, y: y + half + gap, width, height: half }] };
  }
  const wideHeight = evenDown(Math.min(width / WIDE, space * (1 - BELOW_SHARE)));
  const below = wideMain ? space - wideHeight : space * BELOW_SHARE;
  const grid = bestGrid(count, { width, height: below }, gap, shapes);
  const gridTall = gridHeight(grid, gap);
  const mainHeight = wideMain ? wideHeight : evenLike(Math.min(width * WIDE, space - gridTall), area.height - gap - gridTall);
  const y = centred(mainHeight + gap + gridTall, area.height);
  const gridWide = grid.columns * grid.tileWidth + (grid.columns - 1) * gap;
  // a few pixels of rounding would show as edges that are not in line
  const mainWidth = width - gridWide <= 4 * grid.columns ? gridWide : width;
  return {
    main: { x: centred(mainWidth, area.width), y, width: mainWidth, height: mainHeight },
    others: gridBoxes(count, grid, { x: gap, y: y + mainHeight + gap, width, height: gridTall }, gap),
  };
}

const PIP_SHARE = 0.2;
const PIP_COLUMN_SHARE = 0.65;
export const PIP_TILES = 3;

/** Over the whole canvas, from the lower right corner upwards. @returns as many as fit, at most {@link PIP_TILES} */
export function inPicture(canvas: Area, gap: number, shapes: Shapes): Box[] {
  const shape = Math.min(shapes.widest, Math.max(shapes.narrowest, canvas.width / canvas.height));
  const height = evenDown(Math.min(canvas.height * PIP_SHARE, (canvas.width * 0.4) / shape));
  const width = evenDown(height * shape);
  const margin = cornerMargin(canvas, gap);
  const fitting = Math.floor((canvas.height * PIP_COLUMN_SHARE - margin + gap) / (height + gap));
  return Array.from({ length: Math.max(1, Math.min(PIP_TILES, fitting)) }, (_, i) => ({
    x: Math.max(0, canvas.width - margin - width),
    y: Math.max(0, canvas.height - margin - height - i * (height + gap)),
    width,
    height,
  }));
}

const CORNER_SHARE = 0.1;

/** A tenth of the shorter side, in the lower right corner of a picture: for "+N" where pictures fill the canvas. */
export function inCorner(picture: Box, canvas: Area, gap: number): Box {
  const margin = cornerMargin(canvas, gap);
  const height = evenDown(Math.min(Math.min(canvas.width, canvas.height) * CORNER_SHARE, picture.height / 4));
  const width = Math.min(evenDown(height * WIDE), evenDown(picture.width / 2));
  return {
    x: Math.max(picture.x, picture.x + picture.width - margin - width),
    y: Math.max(picture.y, picture.y + picture.height - margin - height),
    width,
    height,
  };
}

function cornerMargin(canvas: Area, gap: number): number {
  return Math.max(2 * gap, even(Math.min(canvas.width, canvas.height) / 45));
}

/** Two of the same size, side by side or (tall canvas) one above the other. */
export function halves({ width, height }: Area, gap: number): [Box, Box] {
  const tall = height >= width;
  const w = tall ? width - 2 * gap : evenDown((width - 3 * gap) / 2);
  const h = tall ? evenDown((height - 3 * gap) / 2) : height - 2 * gap;
  const x = tall ? gap : centred(2 * w + gap, width);
  const y = tall ? centred(2 * h + gap, height) : gap;
  return [
    { x, y, width: w, height: h },
    { x: tall ? x : x + w + gap, y: tall ? y + h + gap : y, width: w, height: h },
  ];
}

/** Width ÷ height of a person beside a share. */
const BESIDE_SHARE = 4 / 5;

/** Landscape: a share in 16:9 and a person beside it, equally high. @param shareFirst the share is on the left */
export function shareAndPerson({ width, height }: Area, gap: number, shareFirst: boolean): [Box, Box] {
  const h = evenLike(Math.min(height - 2 * gap, (width - 3 * gap) / (WIDE + BESIDE_SHARE)), height);
  const person = evenDown(h * BESIDE_SHARE);
  const share = evenLike(h * WIDE, width - gap - person);
  const x = centred(share + gap + person, width);
  const y = centred(h, height);
  const [first, second] = shareFirst ? [share, person] : [person, share];
  return [
    { x, y, width: first, height: h },
    { x: x + first + gap, y, width: second, height: h },
  ];
}
