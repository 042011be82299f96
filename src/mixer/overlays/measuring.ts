import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';

const context = createCanvas(2, 2).getContext('2d');

/** Asks a context that is only for measuring. */
export function measuring<T>(font: string, ask: (context: Pick<SKRSContext2D, 'measureText'>) => T): T {
  context.font = font;
  return ask(context);
}
