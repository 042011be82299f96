import { describe, expect, it } from 'vitest';
import { commandOf, SHORTCUTS, type KeyPress } from './shortcuts.ts';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({ key, ctrlKey: false, metaKey: false, altKey: false, tag: 'BODY', role: null, ...more });

describe('the keys', () => {
  it('do what the list says', () => {
    const pressed = [' ', 'k', 'K', 'j', 'l', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'm', 'f', 'c', 'p', 'e', '?'].map((key) => commandOf(press(key)));
    expect(new Set(pressed)).toEqual(new Set(SHORTCUTS.map((s) => s.command)));
  });

  it('are left to what has the focus', () => {
    for (const tag of ['INPUT', 'TEXTAREA', 'SELECT']) expect(commandOf(press('k', { tag })), tag).toBeUndefined();
    expect(commandOf(press(' ', { tag: 'BUTTON' }))).toBeUndefined();
    expect(commandOf(press('k', { tag: 'BUTTON' }))).toBe('playPause');
    expect(commandOf(press('ArrowUp', { tag: 'DIV', role: 'slider' }))).toBeUndefined();
    expect(commandOf(press('m', { tag: 'DIV', role: 'slider' }))).toBe('mute');
    expect(commandOf(press('ArrowDown', { tag: 'BUTTON', role: 'menuitemradio' }))).toBeUndefined();
  });

  it('leave the browser its own', () => {
    for (const modifier of ['ctrlKey', 'metaKey', 'altKey']) expect(commandOf(press('f', { [modifier]: true }))).toBeUndefined();
    expect(commandOf(press('Tab'))).toBeUndefined();
    expect(commandOf(press('F5'))).toBeUndefined();
  });
});
