import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { badgeSize, meet, overlayMeasures, placeOverlays, type WantedOverlays } from './place-overlays.ts';

const canvases = [
  [1280, 720],
  [1920, 1080],
  [720, 1280],
  [720, 720],
  [640, 360],
  [320, 180],
] as const;

const corner = fc.constantFrom('topLeft', 'topRight', 'bottomLeft', 'bottomRight');

describe('places of overlays', () => {
  it('lie inside the canvas, on even pixels, and do not cover each other; a large watermark lies below texts, not below a banner', () => {
    const input = fc.record({
      canvas: fc.constantFrom(...canvases),
      mark: fc.option(fc.record({ corner, wide: fc.double({ min: 0.01, max: 0.6, noNaN: true }), tall: fc.double({ min: 0.01, max: 1, noNaN: true }) })),
      badge: fc.boolean(),
      banner: fc.constantFrom(0, 1, 2),
      lowerThird: fc.constantFrom(undefined, true, false),
      captions: fc.boolean(),
    });
    fc.assert(
      fc.property(input, ({ canvas: [width, height], mark, badge, banner, lowerThird, captions }) => {
        const m = overlayMeasures({ width, height });
        const wanted: WantedOverlays = {
          ...(mark ? { watermark: { corner: mark.corner, width: 2 * Math.ceil((mark.wide * width) / 2), height: 2 * Math.ceil((mark.tall * m.watermarkHeight) / 2) } } : {}),
          ...(badge ? { badge: badgeSize(m) } : {}),
          ...(banner > 0 ? { banner: { rows: banner } } : {}),
          ...(lowerThird === undefined ? {} : { lowerThird: { subtitle: lowerThird } }),
          ...(captions ? { captions: true } : {}),
        };
        const boxes = Object.entries(placeOverlays({ width, height }, wanted));
        expect(boxes.map(([name]) => name).sort()).toEqual(Object.keys(wanted).sort());
        for (const [name, box] of boxes) {
          expect([name, box.x % 2, box.y % 2, box.width % 2, box.height % 2]).toEqual([name, 0, 0, 0, 0]);
          expect([name, box.x >= 0, box.y >= 0, box.x + box.width <= width, box.y + box.height <= height]).toEqual([name, true, true, true, true]);
          expect([name, box.width > 0, box.height > 0]).toEqual([name, true, true]);
        }
        const large = (wanted.watermark?.height ?? 0) > m.smallWatermarkHeight;
        const below = (name: string, other: string): boolean => large && [name, other].includes('watermark') && ![name, other].includes('banner');
        boxes.forEach(([name, box], i) => boxes.slice(i + 1).forEach(([other, second]) => expect([name, other, meet(box, second) && !below(name, other)]).toEqual([name, other, false])));
      }),
      { numRuns: 2000 },
    );
  });

  it('keep the margin, except the banner, which goes from edge to edge', () => {
    const boxes = placeOverlays({ width: 1280, height: 720 }, { banner: { rows: 1 }, lowerThird: { subtitle: true }, badge: { width: 80, height: 30 } });
    expect(boxes.banner).toMatchObject({ x: 0, width: 1280, y: 720 - (boxes.banner?.height ?? 0) });
    expect(boxes.lowerThird?.x).toBe(32);
    expect(boxes.badge).toMatchObject({ x: 1280 - 32 - 80, y: 32 });
  });

  it('a 16:9 watermark of half the width fits on every canvas', () => {
    for (const [width, height] of canvases) {
      const m = overlayMeasures({ width, height });
      expect([width, height, (width / 2) * (9 / 16) <= m.watermarkHeight]).toEqual([width, height, true]);
    }
  });

  it('nothing moves for captions', () => {
    const others: WantedOverlays = { banner: { rows: 1 }, lowerThird: { subtitle: true }, watermark: { corner: 'bottomRight', width: 200, height: 80 } };
    const { captions, ...rest } = placeOverlays({ width: 1280, height: 720 }, { ...others, captions: true });
    expect(rest).toEqual(placeOverlays({ width: 1280, height: 720 }, others));
    expect(captions && captions.x + captions.width / 2).toBe(640);
  });
});
