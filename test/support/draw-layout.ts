/**
 * Layouts as pictures, many on one sheet, to be looked at: tiles in the colour of their person, with name and size.
 * `npx tsx test/support/draw-layout.ts FILE.png` draws docs/layouts.png anew; `… FILE.png 720x1280 grid portrait` a sheet of
 * some presets on another canvas.
 */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { layoutCase, type LayoutCase } from '../../src/domain/layout/layout-cases.ts';
import type { Box } from '../../src/domain/layout/region.ts';
import { LAYOUT_PRESETS, type LayoutPreset } from '../../src/domain/room.ts';

const FONT = '"DejaVu Sans", sans-serif';
const CAPTION_PX = 15;
const SPACE_PX = 12;

/** @param shortSidePx of each drawing */
export function drawLayouts(rows: readonly (readonly LayoutCase[])[], shortSidePx: number): Buffer {
  const first = rows[0]?.[0];
  if (!first) throw new Error('nothing to draw');
  const scale = shortSidePx / Math.min(first.width, first.height);
  const cell = { width: Math.round(first.width * scale) + SPACE_PX, height: Math.round(first.height * scale) + SPACE_PX + CAPTION_PX };
  const canvas = createCanvas(cell.width * Math.max(...rows.map((r) => r.length)) + SPACE_PX, cell.height * rows.length + SPACE_PX);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const [y, row] of rows.entries())
    for (const [x, item] of row.entries()) {
      context.save();
      context.translate(SPACE_PX + x * cell.width, SPACE_PX + y * cell.height);
      context.fillStyle = '#222222';
      context.font = `11px ${FONT}`;
      context.fillText(item.name.replace(' and a share', ' + share'), 0, CAPTION_PX - 5, cell.width - SPACE_PX);
      context.translate(0, CAPTION_PX);
      drawLayout(context, item, scale);
      context.restore();
    }
  return canvas.toBuffer('image/png');
}

function drawLayout(context: SKRSContext2D, { width, height, layout }: LayoutCase, scale: number): void {
  context.fillStyle = '#15181d';
  context.fillRect(0, 0, width * scale, height * scale);
  for (const region of [...layout.regions].sort((a, b) => a.z - b.z)) {
    const share = region.feed.endsWith('s');
    tile(context, region, scale, share ? '#e9e4d4' : colour(region.feed), share ? '#333333' : '#ffffff', region.feed);
  }
  if (layout.more) tile(context, layout.more, scale, '#3a4048', '#ffffff', `+${layout.more.count}`);
}

function tile(context: SKRSContext2D, box: Box, scale: number, fill: string, ink: string, text: string): void {
  const [x, y, width, height] = [box.x * scale, box.y * scale, box.width * scale, box.height * scale];
  context.fillStyle = fill;
  context.fillRect(x, y, width, height);
  context.fillStyle = ink;
  const size = Math.max(6, Math.min(15, Math.min(width / 4, height / 3)));
  context.font = `${Math.round(size)}px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(text, x + width / 2, y + height / 2);
  context.textAlign = 'left';
  context.textBaseline = 'alphabetic';
}

function colour(feed: string): string {
  return `hsl(${(Number(feed.slice(1)) * 67) % 360} 38% 42%)`;
}

const COUNTS = [1, 2, 3, 4, 5, 9, 16, 25, 40];

function sheet(presets: readonly LayoutPreset[], width: number, height: number): LayoutCase[][] {
  return presets.flatMap((preset) => [
    COUNTS.map((count) => layoutCase(preset, count, width, height)),
    ...(['grid', 'custom', 'speaker'].includes(preset) ? [] : [COUNTS.map((count) => layoutCase(preset, count, width, height, true))]),
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file = 'docs/layouts.png', canvas = '1280x720', ...presets] = process.argv.slice(2);
  const [width = 1280, height = 720] = canvas.split('x').map(Number);
  const chosen = presets.length > 0 ? LAYOUT_PRESETS.filter((p) => presets.includes(p)) : LAYOUT_PRESETS;
  writeFileSync(file, drawLayouts(sheet(chosen, width, height), 104));
}
