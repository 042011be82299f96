import { useState } from 'react';
import type { Corner, Overlays } from '../../api/types.ts';
import { Slider } from '../slider.tsx';
import { ImagePicker } from './image-picker.tsx';
import { OverlaySection } from './overlay-section.tsx';
import type { Patch } from './pending.ts';
import type { Images } from './use-images.ts';

type Watermark = NonNullable<Overlays['watermark']>;
const FIRST: Watermark = { corner: 'topRight', opacity: 0.8, scale: 0.12 };
const CORNERS: readonly (readonly [Corner, string])[] = [
  ['topLeft', 'Top left'],
  ['topRight', 'Top right'],
  ['bottomLeft', 'Bottom left'],
  ['bottomRight', 'Bottom right'],
];

/** A picture or a few words in a corner. While it is on air, changes are seen at once. */
export function WatermarkForm({ overlays, images, change }: { overlays: Overlays; images: Images; change: (patch: Patch<Overlays>) => void }) {
  const onAir = overlays.watermark !== undefined;
  const [kept, setKept] = useState<Watermark>(overlays.watermark ?? FIRST);
  const mark = overlays.watermark ?? kept;
  const [text, setText] = useState(mark.text ?? '');
  const ready = mark.image !== undefined || text.trim() !== '';

  const set = (part: Partial<Watermark>): void => {
    const next = { ...mark, ...part };
    setKept(next);
    const empty = next.image === undefined && (next.text ?? '') === '';
    if (onAir) change({ watermark: empty ? null : next });
  };
  const setWords = (): void => {
    const words = text.trim();
    if (words !== (mark.text ?? '')) set({ text: words === '' ? undefined : words });
  };
  const show = (): void => {
    const words = text.trim();
    change({ watermark: { ...mark, text: words === '' ? undefined : words } });
  };
  return (
    <OverlaySection title="Watermark" name="watermark" onAir={onAir}>
      <ImagePicker label="Picture" images={images} value={mark.image} onChange={(image) => set({ image })} testId="watermark-image" />
      <label>
        Text
        <input name="watermark-text" value={text} onChange={(e) => setText(e.target.value)} onBlur={setWords} onKeyDown={(e) => e.key === 'Enter' && setWords()} maxLength={200} autoComplete="off" />
      </label>
      <fieldset className="corners">
        <legend>Corner</legend>
        {CORNERS.map(([corner, name]) => (
          <label key={corner} className="inline">
            <input type="radio" name="watermark-corner" value={corner} checked={mark.corner === corner} onChange={() => set({ corner })} />
            {name}
          </label>
        ))}
      </fieldset>
      <Slider label="Opacity" of="the watermark" value={mark.opacity} min={0.05} max={1} step={0.05} format={(n) => `${Math.round(n * 100)} %`} onChange={(opacity) => set({ opacity })} />
      <Slider label="Width" of="the watermark" value={mark.scale} min={0.02} max={0.5} step={0.01} format={(n) => `${Math.round(n * 100)} % of the picture`} onChange={(scale) => set({ scale })} />
      <div className="row small">
        <button type="button" className="primary" disabled={onAir || !ready} onClick={show} data-testid="watermark-show">
          Show<span className="hidden"> the watermark</span>
        </button>
        <button
          type="button"
          disabled={!onAir}
          onClick={() => {
            setKept(mark);
            change({ watermark: null });
          }}
          data-testid="watermark-hide"
        >
          Hide<span className="hidden"> the watermark</span>
        </button>
        {!ready && <span className="quiet">Choose a picture or write a text.</span>}
      </div>
    </OverlaySection>
  );
}
