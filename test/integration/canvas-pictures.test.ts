/** The canvas by itself (pipelines/plugin): which picture is seen where, at which size, over and under which other. */
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLACK, BLUE, type CanvasRig, drawn, GREEN, plain, RED, rgba, WHITE, type Yuv } from '../support/canvas-rig.ts';
import { clear, HEIGHT, NIGHT, openCanvas, place, WIDTH } from '../support/canvas-scene.ts';

let rig: CanvasRig;

beforeAll(async () => {
  rig = await openCanvas();
});
afterAll(() => rig.close());

/** White in the upper left quarter, black elsewhere. */
function marked(width: number, height: number): Uint8Array {
  return drawn(width, height, (x, y) => (x < width / 2 && y < height / 2 ? WHITE : BLACK));
}

describe("the canvas's pictures", () => {
  it('shows each slot at its place, a still where there is no picture, the background elsewhere', async () => {
    rig.call('setBackground', '#203040');
    rig.show(0, plain(64, 36, RED), 64, 36);
    rig.show(1, plain(640, 360, BLUE), 640, 360);
    rig.call('setStill', 1, rgba(32, 18, [255, 255, 255, 255]));
    rig.call('setStill', 2, rgba(33, 19, [255, 255, 255, 255]));
    rig.call('setLayout', 0, [place(0, 0, 0, 100, 80), place(1, 110, 0, 100, 80), place(2, 220, 0, 100, 80)]);

    await rig.sees([
      [2, 2, RED],
      [98, 78, RED],
      [111, 1, BLUE],
      [208, 78, BLUE],
      [222, 2, WHITE],
      [318, 78, WHITE],
      [104, 40, NIGHT],
      [160, 100, NIGHT],
    ]);
    rig.call('setFeed', 1, undefined);
    await rig.sees([[160, 40, WHITE]]);
    const frame = await rig.sees([[50, 40, RED]]);
    expect(frame.pixels.length).toBe((WIDTH * HEIGHT * 3) / 2);
  });

  it('crops to cover, fits to contain, and turns as the camera was held', async () => {
    clear(rig);
    // three stripes side by side: covering a square, only the middle one is left
    const stripes = drawn(300, 100, (x) => (x < 100 ? RED : x < 200 ? GREEN : BLUE));
    rig.show(0, stripes, 300, 100);
    rig.show(1, stripes, 300, 100);
    rig.call('setLayout', 0, [place(0, 0, 0, 60, 60), place(1, 80, 0, 60, 60, { fit: 'contain' })]);
    await rig.sees([
      [4, 4, GREEN],
      [56, 56, GREEN],
      [84, 30, RED],
      [110, 30, GREEN],
      [136, 30, BLUE],
      [110, 10, NIGHT],
      [110, 50, NIGHT],
    ]);

    const corners: Record<number, [number, number]> = { 0: [15, 15], 90: [45, 15], 180: [45, 45], 270: [15, 45] };
    for (const [slot, rotation] of [0, 90, 180, 270].entries()) rig.show(slot, marked(61, 61), 61, 61, rotation);
    rig.call('setLayout', 0, [0, 1, 2, 3].map((slot) => place(slot, slot * 70, 0, 60, 60)));
    await rig.sees(
      [0, 90, 180, 270].flatMap((rotation, slot) =>
        Object.entries(corners).map(([corner, [x, y]]) => [slot * 70 + x, y, Number(corner) === rotation ? WHITE : BLACK] as const),
      ),
    );
  });

  it('follows a phone that is turned in the middle of a call, whole and cropped', async () => {
    clear(rig);
    const ring = rig.ring(80, 40);
    const turned = (width: number, height: number, rotation: number): bigint => ring.write(marked(width, height), width, height, rotation, process.hrtime.bigint());
    turned(80, 40, 0);
    for (const slot of [0, 1]) rig.call('setFeed', slot, ring.path);
    rig.call('setLayout', 0, [place(0, 0, 0, 100, 100, { fit: 'contain' }), place(1, 120, 0, 100, 100)]);
    const lying = [[50, 10, NIGHT], [50, 90, NIGHT]] as const;
    const upright = [[10, 50, NIGHT], [90, 50, NIGHT]] as const;
    await rig.sees([[25, 37, WHITE], [75, 37, BLACK], [25, 62, BLACK], ...lying, [145, 25, WHITE], [195, 25, BLACK], [145, 75, BLACK]]);
    turned(80, 40, 90);
    await rig.sees([[62, 25, WHITE], [37, 25, BLACK], [62, 75, BLACK], ...upright, [195, 25, WHITE], [145, 25, BLACK], [195, 75, BLACK]]);
    turned(40, 80, 0);
    await rig.sees([[37, 25, WHITE], [62, 25, BLACK], [37, 75, BLACK], ...upright, [145, 25, WHITE], [195, 25, BLACK], [145, 75, BLACK]]);
    turned(80, 40, 180);
    await rig.sees([[75, 62, WHITE], [25, 62, BLACK], [75, 37, BLACK], ...lying, [195, 75, WHITE], [145, 75, BLACK], [195, 25, BLACK]]);
  });

  it('takes pictures of any size: one pixel, odd, a line, 4096 wide', async () => {
    clear(rig);
    rig.show(0, plain(1, 1, RED), 1, 1);
    rig.show(1, plain(7, 5, GREEN), 7, 5, 90);
    rig.show(2, plain(1, 99, BLUE), 1, 99);
    rig.show(3, plain(4096, 2305, WHITE), 4096, 2305, 270);
    rig.show(4, plain(8191, 1, RED), 8191, 1);
    rig.call('setLayout', 0, [
      ...[0, 1, 2, 3].map((slot) => place(slot, slot * 80, 0, 78, 90)),
      place(4, 0, 100, 78, 60, { fit: 'contain' }),
    ]);
    await rig.sees([
      [2, 2, RED],
      [76, 88, RED],
      [82, 2, GREEN],
      [156, 88, GREEN],
      [162, 2, BLUE],
      [236, 88, BLUE],
      [242, 2, WHITE],
      [316, 88, WHITE],
      [40, 129, RED],
      [40, 120, NIGHT],
    ]);
  });

  it('keeps small letters of a screen: each pixel is the mean of what it covers', async () => {
    clear(rig);
    const [width, height] = [480, 270];
    const paper = createCanvas(width, height);
    const context = paper.getContext('2d');
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, width, height);
    context.fillStyle = '#000000';
    context.font = '12px "DejaVu Sans"';
    for (let y = 14; y < height; y += 17) context.fillText('if (frame.late > 40) skip(frame); // The quick brown fox, 0123456789', 4, y);
    const ink = context.getImageData(0, 0, width, height).data;
    const luma = (x: number, y: number): number => 16 + ((ink[(y * width + x) * 4] ?? 0) * 219) / 255;
    rig.show(0, drawn(width, height, (x, y) => [luma(x, y), 128, 128]), width, height);
    rig.call('setLayout', 0, [place(0, 0, 0, WIDTH, HEIGHT, { fit: 'contain' })]);
    const frame = await rig.sees([[318, 2, WHITE]]);

    let squares = 0;
    for (let y = 0; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++) {
        let wanted = 0;
        for (let v = 0; v < 3; v++) for (let u = 0; u < 3; u++) wanted += luma(Math.floor((x * 3 + u) / 2), Math.floor((y * 3 + v) / 2)) / 9;
        squares += (rig.colourAt(frame, x, y)[0] - wanted) ** 2;
      }
    // of 219; a lost stroke is off by 60 and more
    expect(Math.sqrt(squares / (WIDTH * HEIGHT))).toBeLessThan(1.5);
  });

  it('paints what is higher over what is lower, also behind its edges', async () => {
    clear(rig);
    rig.show(0, plain(16, 16, RED), 16, 16);
    rig.show(1, plain(16, 16, GREEN), 16, 16);
    rig.call('setLayout', 0, [place(0, 20, 20, 100, 100, { z: 5 }), place(1, 60, 60, 300, 300, { z: 2 })]);
    await rig.sees([
      [70, 70, RED],
      [200, 100, GREEN],
      [318, 178, GREEN],
    ]);
    rig.call('setLayout', 0, [place(1, 60, 60, 300, 300, { z: 9 })]);
    await rig.sees([[70, 70, GREEN]]);
  });

  it('draws borders inside, pictures of a slot clipped to it, and pictures of the canvas before and behind', async () => {
    clear(rig);
    rig.show(0, plain(160, 90, RED), 160, 90);
    rig.call('setLayout', 0, [place(0, 40, 40, 160, 90)]);
    rig.call('setBorder', 0, { thickness: 4, colour: '#ffffff' });
    rig.call('setPicture', 1, { slot: 0, z: 0, x: 8, y: -8, ...rgba(20, 10, [0, 0, 255, 255]) });
    rig.call('setPicture', 2, { slot: 0, z: 0, x: 150, y: 20, ...rgba(60, 10, [0, 0, 255, 255]) });
    rig.call('setPicture', 3, { z: -1, x: 0, y: 0, ...rgba(WIDTH, HEIGHT, [0, 255, 0, 255]) });
    rig.call('setPicture', 4, { z: 1, x: -10, y: -10, opacity: 0.5, ...rgba(30, 20, [255, 255, 255, 255]) });
    const half: Yuv = [190, 91, 81];
    await rig.sees([
      [42, 42, WHITE],
      [198, 128, WHITE],
      [46, 46, RED],
      [50, 118, BLUE],
      [50, 108, RED],
      [192, 64, BLUE],
      [204, 64, GREEN],
      [10, 10, GREEN],
      [295, 155, half],
      [305, 165, half],
      [312, 172, GREEN],
    ]);
    rig.call('setBorder', 0, undefined);
    for (const id of [1, 2, 3, 4]) rig.call('setPicture', id, undefined);
    await rig.sees([
      [42, 42, RED],
      [50, 118, RED],
      [10, 10, NIGHT],
      [300, 160, NIGHT],
    ]);
  });
});
