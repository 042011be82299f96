import { useState, type FormEvent } from 'react';
import type { Overlays } from '../../api/types.ts';
import { ImagePicker } from './image-picker.tsx';
import { AirButtons, OverlaySection } from './overlay-section.tsx';
import type { Patch } from './pending.ts';
import type { Images } from './use-images.ts';

type Slate = NonNullable<Overlays['slate']>;

/** Covers the whole picture: before the start, in a break, after the end. */
export function SlateForm({ overlays, images, change }: { overlays: Overlays; images: Images; change: (patch: Patch<Overlays>) => void }) {
  const shown = overlays.slate;
  const [text, setText] = useState(shown?.text ?? 'We start soon');
  const [subtitle, setSubtitle] = useState(shown?.subtitle ?? '');
  const [minutes, setMinutes] = useState('');
  const [image, setImage] = useState(shown?.image);
  const counting = Number(minutes) > 0;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const slate: Slate = { text: text.trim() };
    if (subtitle.trim() !== '') slate.subtitle = subtitle.trim();
    if (counting) slate.until = new Date(Date.now() + Number(minutes) * 60_000).toISOString();
    // an update of the words lets a running countdown go on
    else if (shown?.until !== undefined && Date.parse(shown.until) > Date.now()) slate.until = shown.until;
    if (image !== undefined) slate.image = image;
    setMinutes('');
    change({ slate });
  };
  const changed = counting || text.trim() !== shown?.text || subtitle.trim() !== (shown.subtitle ?? '') || image !== shown.image;
  const until = shown?.until === undefined ? undefined : new Date(shown.until);
  return (
    <OverlaySection title="Slate" name="slate" onAir={shown !== undefined}>
      <p className="quiet">Covers the whole picture, before the start or in a break.</p>
      <form className="fields one" onSubmit={submit}>
        <label>
          Text
          <input name="slate-text" value={text} onChange={(e) => setText(e.target.value)} maxLength={200} autoComplete="off" />
        </label>
        <label>
          Second line <small>if any</small>
          <input name="slate-subtitle" value={subtitle} onChange={(e) => setSubtitle(e.target.value)} maxLength={200} autoComplete="off" />
        </label>
        <label>
          Count down <small>minutes from now, empty for none</small>
          <input name="slate-minutes" type="number" min={0} max={1440} step="any" value={minutes} onChange={(e) => setMinutes(e.target.value)} />
        </label>
        <ImagePicker label="Picture behind" images={images} value={image} onChange={setImage} testId="slate-image" />
        {until && until.getTime() > Date.now() && <p className="quiet">Counting down to {until.toLocaleTimeString(undefined, { timeStyle: 'medium' })}.</p>}
        <AirButtons what="the slate" onAir={shown !== undefined} changed={changed} ready={text.trim() !== ''} onHide={() => change({ slate: null })} testId="slate" />
      </form>
    </OverlaySection>
  );
}
