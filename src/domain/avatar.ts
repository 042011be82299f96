/**
 * How somebody without a camera looks: the same in the mixer, which draws them when no picture comes, and on our join page, which sends
 * such a picture meanwhile. In one programme both stand side by side.
 */

/** White on each of them has at least 4.5:1. */
export const AVATAR_COLOURS = ['#1f6f8b', '#8b3a62', '#4a6b2f', '#7a5230', '#5651a3', '#9a3a3a', '#2a6f60', '#6b5b2f', '#2f5f9e', '#7a3f8f'] as const;
export const AVATAR_GROUND = '#1a1f27';

/** Shares of the picture's shorter side. The disc is a little above the middle: the name stands below. */
export const AVATAR_SHAPE = { radius: 0.28, up: 0.04, letters: 0.235 } as const;

/** The same name has the same colour in each mix and on each tile. */
export function avatarColour(name: string): string {
  let sum = 7;
  for (const letter of name) sum = (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return AVATAR_COLOURS[sum % AVATAR_COLOURS.length] ?? AVATAR_COLOURS[0];
}
