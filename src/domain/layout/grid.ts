import { centred, evenLike, WIDE, type Area, type Shapes } from './geometry.ts';
import type { Box } from './region.ts';

export interface Grid {
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
}

/**
 * Columns and tiles for `count` pictures in an area without margins. What counts is how large faces become: the area of a tile
 * times its height (cropping sideways takes nothing from a face), less for cropping and for places left empty. Of equal ones the
 * wider grid.
 */
export function bestGrid(count: number, area: Area, gap: number, shapes: Shapes): Grid {
  let best: Grid | undefined;
  let most = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (area.width - (columns - 1) * gap) / columns;
    const cellHeight = (area.height - (rows - 1) * gap) / rows;
    const width = Math.min(cellWidth, cellHeight * shapes.widest);
    const height = Math.min(cellHeight, cellWidth / shapes.narrowest);
    if (best && (width < 2 || height < 2)) continue;
    const kept = Math.min(1, width / height / WIDE);
    const score = Math.max(0, width) * Math.max(0, height) ** 2 * kept ** 0.25 * (count / (columns * rows)) ** 0.5;
    if (best && score < most * 0.999) continue;
    const tileHeight = evenLike(height, area.height);
    best = { columns, rows, tileWidth: evenLike(Math.min(width, tileHeight * shapes.widest), area.width), tileHeight };
    most = score;
  }
  return best ?? { columns: 1, rows: 1, tileWidth: area.width, tileHeight: area.height };
}

export function gridHeight(grid: Grid, gap: number): number {
  return grid.rows * grid.tileHeight + (grid.rows - 1) * gap;
}

/** Row by row, centred in the area; a last row that is not full is centred too. */
export function gridBoxes(count: number, grid: Grid, area: Box, gap: number): Box[] {
  const { columns, rows, tileWidth, tileHeight } = grid;
  const top = area.y + centred(gridHeight(grid, gap), area.height);
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = area.x + centred(inRow * tileWidth + (inRow - 1) * gap, area.width);
    return { x: left + (i % columns) * (tileWidth + gap), y: top + row * (tileHeight + gap), width: tileWidth, height: tileHeight };
  });
}
