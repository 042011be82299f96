import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { keptForBrowser } from '../../api/kept.ts';
import { commandOf, type PlayerCommand } from '../../player/shortcuts.ts';

const KEY = 'tessera.shortcuts';

/**
 * Keys act while the focus is in the player, or nowhere in particular; they can be turned off (WCAG 2.1.4). Arrows and space
 * scroll a page, so outside of the player they do nothing unless `wholePage`.
 */
export function useShortcuts(frame: RefObject<HTMLElement | null>, wholePage: boolean, run: (command: PlayerCommand) => void): { on: boolean; setOn: (on: boolean) => void } {
  const [on, set] = useState(() => keptForBrowser.get(KEY) !== 'off');
  const runRef = useRef(run);
  runRef.current = run;
  useEffect(() => {
    if (!on) return undefined;
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      const inside = frame.current?.contains(target) === true;
      if (!inside && target !== document.body && target.tagName !== 'MAIN') return;
      if (!inside && !wholePage && (event.key === ' ' || event.key.startsWith('Arrow'))) return;
      const { key, ctrlKey, metaKey, altKey } = event;
      const command = commandOf({ key, ctrlKey, metaKey, altKey, tag: target.tagName, role: target.getAttribute('role') });
      if (!command) return;
      event.preventDefault();
      runRef.current(command);
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [frame, wholePage, on]);
  const setOn = useCallback((next: boolean) => {
    keptForBrowser.set(KEY, next ? 'on' : 'off');
    set(next);
  }, []);
  return { on, setOn };
}
