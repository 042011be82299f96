import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import type { CustomRegion } from '../../api/types.ts';
import { frameAfterKey, moved, resized, snapped, type Frame } from './region-geometry.ts';

interface CanvasProps {
  regions: readonly CustomRegion[];
  selected: number;
  /** Width through height of the room's picture. */
  aspect: number;
  nameOf: (region: CustomRegion) => string;
  onSelect: (index: number) => void;
  onFrame: (index: number, frame: Frame) => void;
  onRemove: (index: number) => void;
}

const percent = (n: number): string => `${Math.round(n * 1000) / 10} %`;

/** The boxes of a custom layout on a picture of the canvas: dragged, pulled at their corner, or moved with the arrow keys. */
export function RegionCanvas({ regions, selected, aspect, nameOf, onSelect, onFrame, onRemove }: CanvasProps) {
  const canvas = useRef<HTMLDivElement>(null);
  const drag = useRef<{ index: number; corner: boolean; frame: Frame; fromX: number; fromY: number } | undefined>(undefined);

  const down = (event: PointerEvent<HTMLElement>, index: number, corner: boolean): void => {
    const frame = regions[index];
    if (!frame || event.button !== 0) return;
    event.stopPropagation();
    onSelect(index);
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { index, corner, frame, fromX: event.clientX, fromY: event.clientY };
  };
  const move = (event: PointerEvent<HTMLElement>): void => {
    const box = canvas.current?.getBoundingClientRect();
    const { current } = drag;
    if (!current || !box || box.width === 0 || box.height === 0) return;
    const dx = (event.clientX - current.fromX) / box.width;
    const dy = (event.clientY - current.fromY) / box.height;
    onFrame(current.index, snapped((current.corner ? resized : moved)(current.frame, dx, dy), current.corner));
  };
  const up = (): void => {
    drag.current = undefined;
  };
  const key = (event: KeyboardEvent, index: number): void => {
    const region = regions[index];
    if (!region || event.ctrlKey || event.metaKey || event.altKey) return;
    const frame = frameAfterKey(region, event.key, event.shiftKey);
    if (frame) onFrame(index, frame);
    else if (event.key === 'Delete' || event.key === 'Backspace') {
      onRemove(index);
      // the focus goes to a box that is left, not to the page's beginning
      requestAnimationFrame(() => canvas.current?.querySelectorAll<HTMLElement>('.region')[Math.max(0, Math.min(index, regions.length - 2))]?.focus());
    } else return;
    event.preventDefault();
  };

  return (
    <div ref={canvas} className="canvas" style={{ aspectRatio: aspect }} role="group" aria-label="Boxes of the layout. Arrow keys move the focused box, with Shift they resize it, Delete removes it." data-testid="region-canvas">
      {regions.map((region, index) => {
        const name = nameOf(region);
        return (
          <div
            key={index}
            role="button"
            aria-roledescription="movable box"
            aria-pressed={index === selected}
            aria-label={`Box ${index + 1}: ${name}, left ${percent(region.x)}, top ${percent(region.y)}, width ${percent(region.width)}, height ${percent(region.height)}`}
            tabIndex={0}
            className={`region ${region.source}`}
            style={{ left: `${region.x * 100}%`, top: `${region.y * 100}%`, width: `${region.width * 100}%`, height: `${region.height * 100}%`, zIndex: region.z }}
            onFocus={() => onSelect(index)}
            onPointerDown={(event) => down(event, index, false)}
            onPointerMove={move}
            onPointerUp={up}
            onPointerCancel={up}
            onKeyDown={(event) => key(event, index)}
            data-testid={`region-${index}`}
          >
            <span>{name}</span>
            {/* inside the box: its events would come there too */}
            <i aria-hidden="true" onPointerDown={(event) => down(event, index, true)} />
          </div>
        );
      })}
    </div>
  );
}
