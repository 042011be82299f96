import { useEffect, useRef, useState } from 'react';
import type { Overlays } from '../../api/types.ts';
import { ImagePicker } from './image-picker.tsx';
import { OverlaySection } from './overlay-section.tsx';
import type { Patch } from './pending.ts';
import type { Images } from './use-images.ts';

/** Colour fields tell while the pointer moves; so long it has to rest. */
const REST_MS = 200;

/** What is seen between and beside the tiles. */
export function BackgroundForm({ overlays, images, change }: { overlays: Overlays; images: Images; change: (patch: Patch<Overlays>) => void }) {
  const { background } = overlays;
  const [colour, setColour] = useState(typeof background === 'string' ? background : '#101418');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (typeof background === 'string') setColour(background);
  }, [background]);
  const pick = (next: string): void => {
    setColour(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => change({ background: next }), REST_MS);
  };
  return (
    <OverlaySection title="Background" name="background" onAir={background !== undefined}>
      <div className="row">
        <label className="inline">
          Colour
          <input type="color" name="background-colour" value={colour} onChange={(e) => pick(e.target.value)} />
        </label>
        <button type="button" className="end" disabled={background === undefined} onClick={() => change({ background: null })}>
          Back to plain
        </button>
      </div>
      <ImagePicker label="Or a picture" images={images} value={typeof background === 'object' ? background.image : undefined} onChange={(image) => change({ background: image === undefined ? null : { image } })} testId="background-image" />
    </OverlaySection>
  );
}
