/** Columns that make 16:9 pictures largest on a canvas of this shape; of equal sizes the wider grid. */
export function gridColumns(count: number, width: number, height: number): number {
  let best = 1;
  let bestSize = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns, ((height / rows) * 16) / 9);
    if (size >= bestSize - 0.001) {
      best = columns;
      bestSize = size;
    }
  }
  return best;
}

/** Equal 16:9 tiles, row by row, centred on the canvas; a last row that is not full is centred too. */
export function gridRegions<F>(
  feeds: readonly F[],
  width: number,
  height: number,
): { feed: F; x: number; y: number; width: number; height: number }[] {
  const columns = gridColumns(feeds.length, width, height);
  const rows = Math.ceil(feeds.length / columns);
  // 16:9 tiles, as large as the grid allows
  const tileWidth = Math.min(width / columns, ((height / rows) * 16) / 9);
  const tileHeight = (tileWidth * 9) / 16;
  const top = (height - tileHeight * rows) / 2;
  return feeds.map((feed, i) => {
    const row = Math.floor(i / columns);
    const inRow = row === rows - 1 ? feeds.length - row * columns : columns;
    const left = (width - tileWidth * inRow) / 2;
    return { feed, x: left + (i % columns) * tileWidth, y: top + row * tileHeight, width: tileWidth, height: tileHeight };
  });
}
