import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { fractionOf, isAtEdge, sliderKey, timeAt, timeLabel, timeWords, type TimeWindow } from '../../player/timeline.ts';
import { ThumbnailView } from './thumbnail-view.tsx';
import type { Storyboard } from './use-storyboard.ts';

interface ScrubberProps {
  window: TimeWindow;
  storyboard: Storyboard;
  onSeek: (to: number | 'live') => void;
}

/** A move ends so near to the live end: live. */
const LIVE_SHARE = 0.995;

/** A slider over the time that can be seen; while it is moved only its own hand moves, the picture follows when it is let go. */
export function Scrubber({ window, storyboard, onSeek }: ScrubberProps) {
  const track = useRef<HTMLDivElement>(null);
  const [moving, setMoving] = useState<number>();
  const [hovered, setHovered] = useState<number>();
  const fractionAt = (event: PointerEvent): number => {
    const box = track.current?.getBoundingClientRect();
    return box ? Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) : 0;
  };
  // the target of a live broadcast is some tenths of a second ahead of where one is
  const shown = moving ?? (isAtEdge(window) ? 1 : fractionOf(window, window.positionS));
  const pointed = moving ?? hovered;
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = sliderKey(event.key, window);
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onSeek(to);
  };
  return (
    <div
      className="scrubber"
      role="slider"
      tabIndex={0}
      aria-label="Time"
      aria-valuemin={0}
      aria-valuemax={Math.round(window.endS - window.startS)}
      aria-valuenow={Math.round(Math.min(window.endS, Math.max(window.startS, window.positionS)) - window.startS)}
      aria-valuetext={timeWords(window)}
      data-testid="scrubber"
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        storyboard.wanted();
        setMoving(fractionAt(event));
      }}
      onPointerMove={(event) => {
        storyboard.wanted();
        if (moving !== undefined) setMoving(fractionAt(event));
        else setHovered(fractionAt(event));
      }}
      onPointerLeave={() => setHovered(undefined)}
      onPointerCancel={() => setMoving(undefined)}
      onPointerUp={() => {
        if (moving === undefined) return;
        onSeek(!window.over && moving > LIVE_SHARE ? 'live' : timeAt(window, moving));
        setMoving(undefined);
        setHovered(undefined);
      }}
    >
      <div className="track" ref={track}>
        <div className="played" style={{ width: `${shown * 100}%` }} />
        <div className="hand" style={{ left: `${shown * 100}%` }} />
      </div>
      {pointed !== undefined && (
        <div className="pointed" style={{ left: `clamp(84px, ${pointed * 100}%, calc(100% - 84px))` }} aria-hidden="true">
          <ThumbnailView storyboard={storyboard} window={window} atS={timeAt(window, pointed)} />
          <span>{timeLabel(window, timeAt(window, pointed))}</span>
        </div>
      )}
    </div>
  );
}
