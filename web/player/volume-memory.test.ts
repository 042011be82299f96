import { expect, it } from 'vitest';
import { parseVolume, stepVolume } from './volume-memory.ts';

it('takes what it kept, and nothing else', () => {
  expect(parseVolume('{"level":0.3,"muted":true}')).toEqual({ level: 0.3, muted: true });
  for (const bad of [undefined, '', '7', 'null', '{"level":2}', '{"level":"loud"}']) expect(parseVolume(bad), bad).toEqual({ level: 1, muted: false });
});

it('goes in steps, and is heard again on the way up', () => {
  expect(stepVolume({ level: 0.5, muted: true }, 1)).toEqual({ level: 0.55, muted: false });
  expect(stepVolume({ level: 0.02, muted: false }, -1)).toEqual({ level: 0, muted: false });
  expect(stepVolume({ level: 1, muted: false }, 1).level).toBe(1);
});
