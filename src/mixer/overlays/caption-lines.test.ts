import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CaptionLines } from './caption-lines.ts';

const seen = (lines: CaptionLines): string[] => lines.lines.map((line) => line.text);

describe('caption lines', () => {
  it('a short line stays as long as the older one above it', () => {
    const lines = new CaptionLines();
    lines.push({ text: 'older', durationMs: 4000 }, 0);
    lines.push({ text: 'short', durationMs: 500 }, 1000);

    lines.expire(3999);
    expect(seen(lines)).toEqual(['older', 'short']);
    lines.expire(4000);
    expect(seen(lines)).toEqual([]);
  });

  it('one whose time was over goes when the line above it is pushed out', () => {
    const lines = new CaptionLines();
    lines.push({ text: 'older', durationMs: 4000 }, 0);
    lines.push({ text: 'short', durationMs: 500 }, 1000);
    lines.push({ text: 'newest', durationMs: 4000 }, 2000);

    expect(seen(lines)).toEqual(['newest']);
  });

  it('each for its time when nothing is above it', () => {
    const lines = new CaptionLines();
    lines.push({ text: 'one', durationMs: 1000 }, 0);
    lines.push({ text: 'two', durationMs: 3000 }, 500);

    lines.expire(1000);
    const { version } = lines;
    lines.expire(3499);
    expect([seen(lines), lines.version]).toEqual([['two'], version]);
    lines.expire(3500);
    expect(seen(lines)).toEqual([]);
  });

  it('whatever is said: what is shown is the newest there is, and nothing comes back', () => {
    const said = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 3000 }), durationMs: fc.integer({ min: 0, max: 5000 }) }), { maxLength: 20 });
    fc.assert(
      fc.property(said, (all) => {
        const lines = new CaptionLines();
        const gone = new Set<string>();
        let nowMs = 0;
        let before: string[] = [];
        all.forEach(({ afterMs, durationMs }, i) => {
          for (const step of [nowMs + afterMs / 2, nowMs + afterMs]) {
            lines.expire(step);
            const now = seen(lines);
            // what is left is the end of what was there: nothing below a line goes before it
            expect(before.slice(before.length - now.length)).toEqual(now);
            for (const text of before) if (!now.includes(text)) gone.add(text);
            before = now;
          }
          nowMs += afterMs;
          lines.push({ text: String(i), durationMs }, nowMs);
          for (const text of seen(lines)) expect(gone.has(text)).toBe(false);
          before = seen(lines);
          expect(before.length).toBeLessThanOrEqual(2);
        });
      }),
    );
  });
});
