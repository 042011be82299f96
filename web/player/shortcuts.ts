/** What keys do in the player. */

export type PlayerCommand = 'playPause' | 'back10' | 'forward10' | 'back5' | 'forward5' | 'mute' | 'louder' | 'quieter' | 'fullScreen' | 'captions' | 'pictureInPicture' | 'live' | 'help';

interface Shortcut {
  keys: readonly string[];
  command: PlayerCommand;
  words: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ['Space', 'K'], command: 'playPause', words: 'Play or pause' },
  { keys: ['J'], command: 'back10', words: 'Back 10 seconds' },
  { keys: ['L'], command: 'forward10', words: 'Forward 10 seconds' },
  { keys: ['←'], command: 'back5', words: 'Back 5 seconds' },
  { keys: ['→'], command: 'forward5', words: 'Forward 5 seconds' },
  { keys: ['↑'], command: 'louder', words: 'Louder' },
  { keys: ['↓'], command: 'quieter', words: 'Quieter' },
  { keys: ['M'], command: 'mute', words: 'Sound off or on' },
  { keys: ['F'], command: 'fullScreen', words: 'Full screen' },
  { keys: ['C'], command: 'captions', words: 'Captions' },
  { keys: ['P'], command: 'pictureInPicture', words: 'Picture in picture' },
  { keys: ['E'], command: 'live', words: 'To the live edge' },
  { keys: ['?'], command: 'help', words: 'This list' },
];

const NAMES: Readonly<Record<string, string>> = { ' ': 'SPACE', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' };
const BY_KEY = new Map(SHORTCUTS.flatMap(({ keys, command }) => keys.map((key) => [key.toUpperCase(), command] as const)));

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** What has the focus: tag name in capitals, and its ARIA role. */
  tag: string;
  role: string | null;
}

/**
 * What a key press means, undefined where it belongs to what has the focus: text goes into fields, space and Enter press
 * buttons, arrows move sliders.
 */
export function commandOf({ key, ctrlKey, metaKey, altKey, tag, role }: KeyPress): PlayerCommand | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  if (tag === 'INPUT' || tag === 'TEXTAREA' || tag === 'SELECT') return undefined;
  const name = NAMES[key] ?? key.toUpperCase();
  if (name === 'SPACE' && (tag === 'BUTTON' || tag === 'A' || tag === 'SUMMARY' || role?.startsWith('menuitem'))) return undefined;
  if ('←→↑↓'.includes(name) && (role === 'slider' || role?.startsWith('menuitem'))) return undefined;
  return BY_KEY.get(name);
}
