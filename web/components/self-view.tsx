import { useEffect, useRef } from 'react';

/** One's own picture, as in a mirror and without sound. */
export function SelfView({ track, mirrored = true }: { track: MediaStreamTrack | undefined; mirrored?: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    element.play().catch(() => undefined);
  }, [track]);
  return <video ref={video} className={mirrored ? 'mirrored' : undefined} data-testid="self-view" autoPlay playsInline muted aria-label="Your own picture" />;
}
