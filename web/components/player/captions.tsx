import { useEffect, useRef, useState } from 'react';
import type { LiveState } from '../../api/live-events.ts';
import { CaptionQueue, type CaptionText } from '../../player/caption-queue.ts';

const TICK_MS = 200;

/** Live captions under the picture, held back as long as the picture is behind. */
export function Captions({ caption, delayMs }: { caption: LiveState['caption']; delayMs: number }) {
  const [queue] = useState(() => new CaptionQueue());
  const [shown, setShown] = useState<readonly CaptionText[]>([]);
  const delay = useRef(delayMs);
  delay.current = delayMs;
  useEffect(() => {
    if (caption) queue.add(caption, performance.now());
  }, [queue, caption]);
  useEffect(() => {
    const timer = setInterval(() => {
      const now = queue.shown(performance.now(), delay.current);
      setShown((before) => (before.length === now.length && before.every((line, i) => line === now[i]) ? before : now));
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [queue]);
  return (
    <div className="caption-lines" aria-live="off" data-testid="captions">
      {shown.map((line, i) => (
        <p key={i}>
          {line.speaker !== undefined && <b>{line.speaker}: </b>}
          {line.text}
        </p>
      ))}
    </div>
  );
}
