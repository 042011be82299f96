import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

export interface Tab {
  name: string;
  title: string;
  /** A small figure or sign behind the title. */
  note?: ReactNode;
  content: ReactNode;
}

/**
 * Panels of which one is shown; arrow keys, Home and End go from tab to tab. Hidden panels stay as they are, so that what was typed
 * there is kept.
 */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  const [chosen, setChosen] = useState(tabs[0]?.name);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);

  const onKey = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.name === chosen);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const to = (next + tabs.length) % tabs.length;
    setChosen(tabs[to]?.name);
    list.current?.querySelectorAll<HTMLButtonElement>('[role=tab]')[to]?.focus();
  };
  return (
    <div className="tabs">
      <div ref={list} className="tab-list" role="tablist" aria-label={label} onKeyDown={onKey}>
        {tabs.map(({ name, title, note }) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-tab-${name}`}
            aria-controls={`${id}-${name}`}
            aria-selected={name === chosen}
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => setChosen(name)}
            data-testid={`tab-${name}`}
          >
            {title}
            {note !== undefined && <span className="quiet">{note}</span>}
          </button>
        ))}
      </div>
      {tabs.map(({ name, content }) => (
        <div key={name} role="tabpanel" id={`${id}-${name}`} aria-labelledby={`${id}-tab-${name}`} hidden={name !== chosen}>
          {content}
        </div>
      ))}
    </div>
  );
}
