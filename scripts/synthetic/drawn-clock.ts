/**
 * A clock drawn into pictures for machines: 24 bits of time in ms and 8 bits of checksum as 32 black and white cells in two
 * rows, so large that they survive scaling and compression. Encode into an I420 picture, decode from the luma of what
 * arrives anywhere down the path; the difference to the time now is the latency.
 */
export const CLOCK_WRAP_MS = 2 ** 24;

const COLUMNS = 16;
const ROWS = 2;
/** The block of cells, in fractions of the picture, with a black border around it. */
const AREA = { x: 0.1, y: 0.66, width: 0.8, height: 0.24 };
const BORDER = { x: 0.02, y: 0.03 };
const WHITE = 235;
const BLACK = 16;

/** Luma of a picture or of a part of one. */
export interface Luma {
  data: Uint8Array;
  /** Bytes from one line to the next. */
  stride: number;
  width: number;
  height: number;
}

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Draws `timeMs` (its lowest 24 bits) into an I420 picture. */
export function drawClock(i420: Uint8Array, width: number, height: number, timeMs: number): void {
  const whole = { x: 0, y: 0, width, height };
  fill(i420, width, inside(whole, { x: AREA.x - BORDER.x, y: AREA.y - BORDER.y, width: AREA.width + 2 * BORDER.x, height: AREA.height + 2 * BORDER.y }), BLACK);
  greyChroma(i420, width, height);
  const word = withChecksum(Math.floor(timeMs) % CLOCK_WRAP_MS);
  for (let bit = 0; bit < 32; bit++) if ((word >>> (31 - bit)) & 1) fill(i420, width, inside(whole, cell(bit)), WHITE);
}

/**
 * Reads the clock of a picture that fills `where` (default: everything).
 * @returns the time modulo {@link CLOCK_WRAP_MS}, or undefined when no clock with the right checksum is there
 */
export function readClock(luma: Luma, where: Rectangle = { x: 0, y: 0, width: luma.width, height: luma.height }): number | undefined {
  let word = 0;
  for (let bit = 0; bit < 32; bit++) word = (word << 1) | (mean(luma, inside(where, cell(bit))) > 126 ? 1 : 0);
  const time = word >>> 8;
  return time !== 0 && withChecksum(time) >>> 0 === word >>> 0 ? time : undefined;
}

/** Age of a clock reading in ms, over the wrap. */
export function clockAgeMs(reading: number, nowMs: number): number {
  const age = (((Math.floor(nowMs) % CLOCK_WRAP_MS) - reading) % CLOCK_WRAP_MS + CLOCK_WRAP_MS) % CLOCK_WRAP_MS;
  return age > CLOCK_WRAP_MS / 2 ? age - CLOCK_WRAP_MS : age;
}

function withChecksum(time: number): number {
  return (time << 8) | (((time >>> 16) * 31 + ((time >>> 8) & 255) * 17 + (time & 255) * 7 + 0x5a) & 255);
}

function cell(bit: number): Rectangle {
  const width = AREA.width / COLUMNS;
  const height = AREA.height / ROWS;
  return { x: AREA.x + (bit % COLUMNS) * width, y: AREA.y + Math.floor(bit / COLUMNS) * height, width, height };
}

function inside(whole: Rectangle, part: Rectangle): Rectangle {
  const x = Math.round(whole.x + part.x * whole.width);
  const y = Math.round(whole.y + part.y * whole.height);
  return { x, y, width: Math.round(whole.x + (part.x + part.width) * whole.width) - x, height: Math.round(whole.y + (part.y + part.height) * whole.height) - y };
}

function fill(luma: Uint8Array, stride: number, { x, y, width, height }: Rectangle, value: number): void {
  for (let line = y; line < y + height; line++) luma.fill(value, line * stride + x, line * stride + x + width);
}

function greyChroma(i420: Uint8Array, width: number, height: number): void {
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  const { x, y, width: w, height: h } = inside({ x: 0, y: 0, width: chromaWidth, height: chromaHeight }, { x: AREA.x - BORDER.x, y: AREA.y - BORDER.y, width: AREA.width + 2 * BORDER.x, height: AREA.height + 2 * BORDER.y });
  for (let plane = 0; plane < 2; plane++) {
    const from = width * height + plane * chromaWidth * chromaHeight;
    for (let line = y; line < y + h; line++) i420.fill(128, from + line * chromaWidth + x, from + line * chromaWidth + x + w);
  }
}

/** Of the middle half of a cell: its edges are blurred by scaling. */
function mean(luma: Luma, { x, y, width, height }: Rectangle): number {
  let sum = 0;
  let count = 0;
  for (let line = Math.floor(y + height * 0.25); line <= y + height * 0.75; line++)
    for (let column = Math.floor(x + width * 0.25); column <= x + width * 0.75; column++) {
      sum += luma.data[line * luma.stride + column] ?? 0;
      count++;
    }
  return count === 0 ? 0 : sum / count;
}
