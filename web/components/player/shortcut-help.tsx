import { useEffect, useRef } from 'react';
import { SHORTCUTS } from '../../player/shortcuts.ts';

interface ShortcutHelpProps {
  on: boolean;
  setOn: (on: boolean) => void;
  close: () => void;
}

/** The list of keys, over the picture. Escape closes it and the focus goes back to where it was. */
export function ShortcutHelp({ on, setOn, close }: ShortcutHelpProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <div
      className="help"
      ref={box}
      role="dialog"
      aria-label="Keyboard shortcuts"
      tabIndex={-1}
      data-testid="shortcut-help"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
    >
      <h2>Keyboard shortcuts</h2>
      <dl>
        {SHORTCUTS.map(({ keys, command, words }) => (
          <div key={command}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <label className="inline">
        <input type="checkbox" checked={on} onChange={(e) => setOn(e.target.checked)} />
        Keys are on
      </label>
      <button type="button" onClick={close}>
        Close
      </button>
    </div>
  );
}
