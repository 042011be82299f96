import type { ReactNode } from 'react';
import { Badge } from '../page.tsx';

/** One overlay: closed it says whether it is on air, open it can be changed. */
export function OverlaySection({ title, name, onAir, open, children }: { title: string; name: string; onAir: boolean; open?: boolean; children: ReactNode }) {
  return (
    <details className="overlay" open={open} data-testid={`overlay-${name}`} data-on-air={onAir}>
      <summary>
        <h3>{title}</h3>
        <span aria-live="polite">{onAir ? <Badge tone="good">On air</Badge> : <span className="quiet">off</span>}</span>
      </summary>
      <div className="fields one">{children}</div>
    </details>
  );
}

interface AirButtonsProps {
  /** Said to screen readers behind the verb: «Show the banner». */
  what: string;
  onAir: boolean;
  /** What is written here differs from what is on air. */
  changed: boolean;
  /** Something is there to be shown. */
  ready: boolean;
  onHide: () => void;
  testId: string;
}

/** Show, update, hide. Show and update submit the form that they are in. */
export function AirButtons({ what, onAir, changed, ready, onHide, testId }: AirButtonsProps) {
  return (
    <div className="row small">
      <button type="submit" className="primary" disabled={!ready || (onAir && !changed)} data-testid={`${testId}-show`}>
        {onAir ? 'Update' : 'Show'}
        <span className="hidden"> {what}</span>
      </button>
      <button type="button" disabled={!onAir} onClick={onHide} data-testid={`${testId}-hide`}>
        Hide<span className="hidden"> {what}</span>
      </button>
    </div>
  );
}
