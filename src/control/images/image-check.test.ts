import { describe, expect, it } from 'vitest';
import { picture, pngChunk, pngFile } from '../../../test/support/images.ts';
import { AppError } from '../../domain/errors.ts';
import type { RoomImage } from '../../domain/room.ts';
import { ImageCheck } from './image-check.ts';
import { imageStructure } from './image-structure.ts';

const check = new ImageCheck();
/** @returns the size, or the sentence of the refusal */
async function outcome(file: Buffer, type: RoomImage['contentType']): Promise<string> {
  try {
    const { width, height } = await check.run(file, type);
    return `${width}×${height}`;
  } catch (error) {
    return error instanceof AppError && error.code === 'unusableImage' ? (error.detail ?? '') : String(error);
  }
}
/** A scan header with no data behind it, as the progressive encoder's tiny scans have. */
const scan = Buffer.from('ffda0008010100003f00', 'hex');

describe('pictures that are taken', () => {
  it('are of all three kinds, of any size up to the limit', async () => {
    expect(await outcome(await picture('png'), 'image/png')).toBe('64×48');
    expect(await outcome(await picture('jpeg', 33, 17), 'image/jpeg')).toBe('33×17');
    expect(await outcome(await picture('webp', 1, 1), 'image/webp')).toBe('1×1');
    expect(await outcome(pngFile({ width: 4096, height: 4096, depth: 1 }), 'image/png')).toBe('4096×4096');
  });

  it('may have bytes behind their end', async () => {
    for (const kind of ['png', 'jpeg', 'webp'] as const) expect(await outcome(Buffer.concat([await picture(kind), Buffer.from('rest')]), `image/${kind}`)).toBe('64×48');
  });

  it('may be interlaced: the rows of all seven passes are counted', async () => {
    // 5×3 in the passes of section 8.1, each row with its filter byte
    const rows = [[1, 1], [1, 1], [0, 0], [1, 1], [3, 1], [2, 2], [5, 1]].reduce((sum, [w = 0, h = 0]) => sum + (w === 0 ? 0 : h * (w + 1)), 0);

    expect(await outcome(pngFile({ width: 5, height: 3, interlaced: true, rowBytes: rows }), 'image/png')).toBe('5×3');
    expect(await outcome(pngFile({ width: 5, height: 3, interlaced: true, rowBytes: rows - 1 }), 'image/png')).toContain('rows do not fit');
  });
});

describe('pictures that are refused', () => {
  it('are not what their type says', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>alert(1)</script></svg>');

    expect(await outcome(svg, 'image/png')).toBe('This is no PNG.');
    expect(await outcome(Buffer.from('<!doctype html><p>hello'), 'image/webp')).toBe('This is no WebP.');
    expect(await outcome(await picture('png'), 'image/jpeg')).toBe('This is no JPEG.');
    expect(await outcome(Buffer.alloc(0), 'image/png')).toBe('This is no PNG.');
  });

  it('are too large, found out before anything is decoded', () => {
    expect(() => imageStructure(pngFile({ width: 60_000, height: 60_000, rowBytes: 10 }), 'image/png')).toThrow('60000×60000; at most 4096');
    expect(() => imageStructure(pngFile({ width: 4097, height: 1 }), 'image/png')).toThrow('4097×1');
    expect(() => imageStructure(pngFile({ width: 0, height: 5 }), 'image/png')).toThrow('no size');
  });

  it('are cut off at any place', async () => {
    for (const kind of ['png', 'jpeg', 'webp'] as const) {
      const file = await picture(kind);
      for (const length of [1, 7, 12, 20, 30, file.length >> 1, file.length - 3]) expect(await outcome(file.subarray(0, length), `image/${kind}`), `${kind} ${length}`).toMatch(/cut off|This is no|damaged/);
    }
  });

  it('are damaged', async () => {
    const bitFlipped = Buffer.from(await picture('png'));
    bitFlipped.writeUInt8(bitFlipped.readUInt8(60) ^ 1, 60);

    expect(await outcome(bitFlipped, 'image/png')).toContain('checksum');
    expect(await outcome(pngFile({ width: 8, height: 8, rowBytes: 40 }), 'image/png')).toContain('rows do not fit');
  });

  it('inflate to more than their header says: a bomb is stopped at the first byte too many', async () => {
    const bomb = pngFile({ width: 8, height: 8, rowBytes: 200_000_000 });
    const begun = performance.now();

    const said = await outcome(bomb, 'image/png');

    expect(bomb.length).toBeLessThan(200_000);
    expect(said).toContain('rows do not fit');
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it('move, or make a decoder run over them again and again', async () => {
    const jpeg = await picture('jpeg');
    const firstScan = jpeg.indexOf(Buffer.from('ffda', 'hex'));
    const manyScans = Buffer.concat([jpeg.subarray(0, firstScan), ...Array<Buffer>(70).fill(scan), jpeg.subarray(firstScan)]);
    const webp = await picture('webp');
    const animated = Buffer.concat([webp.subarray(0, 12), Buffer.from('VP8X\x0a\0\0\0\x02\0\0\0\x3f\0\0\x2f\0\0', 'latin1'), webp.subarray(12)]);
    animated.writeUInt32LE(animated.length - 8, 4);

    expect(await outcome(manyScans, 'image/jpeg')).toContain('more than 64 scans');
    expect(await outcome(animated, 'image/webp')).toContain('animated');
    expect(await outcome(pngFile({ width: 8, height: 8, before: [pngChunk('acTL', Buffer.alloc(8))] }), 'image/png')).toContain('animated');
    expect(await outcome(pngFile({ width: 8, height: 8, before: Array<Buffer>(5000).fill(pngChunk('tEXt')) }), 'image/png')).toContain('chunks');
  });

  it('are too many at once', async () => {
    const file = pngFile({ width: 2000, height: 2000 });

    const outcomes = await Promise.all(Array.from({ length: 24 }, () => outcome(file, 'image/png')));

    expect(outcomes.filter((o) => o === '2000×2000').length).toBe(18); // two at work, sixteen waiting
    expect(outcomes.filter((o) => o.includes('Too many pictures')).length).toBe(6);
    expect(await outcome(file, 'image/png')).toBe('2000×2000');
  });
});
