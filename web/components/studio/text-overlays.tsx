import { useState, type FormEvent } from 'react';
import type { Overlays } from '../../api/types.ts';
import { same, type Patch } from './pending.ts';
import { AirButtons, OverlaySection } from './overlay-section.tsx';

interface TextProps {
  overlays: Overlays;
  change: (patch: Patch<Overlays>) => void;
}

/** A name and what somebody is, low on the picture. What was written stays here while it is hidden. */
export function LowerThirdForm({ overlays, change }: TextProps) {
  const shown = overlays.lowerThird;
  const [title, setTitle] = useState(shown?.title ?? '');
  const [subtitle, setSubtitle] = useState(shown?.subtitle ?? '');
  const written = { title: title.trim(), ...(subtitle.trim() === '' ? {} : { subtitle: subtitle.trim() }) };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change({ lowerThird: written });
  };
  return (
    <OverlaySection title="Lower third" name="lower-third" onAir={shown !== undefined}>
      <form className="fields one" onSubmit={submit}>
        <label>
          First line
          <input name="lower-third-title" value={title} onChange={(e) => setTitle(e.target.value)} maxLength={200} placeholder="Ada Lovelace" autoComplete="off" />
        </label>
        <label>
          Second line <small>if any</small>
          <input name="lower-third-subtitle" value={subtitle} onChange={(e) => setSubtitle(e.target.value)} maxLength={200} placeholder="Analytical engines" autoComplete="off" />
        </label>
        <AirButtons what="the lower third" onAir={shown !== undefined} changed={!same(shown, written)} ready={written.title !== ''} onHide={() => change({ lowerThird: null })} testId="lower-third" />
      </form>
    </OverlaySection>
  );
}

export function BannerForm({ overlays, change }: TextProps) {
  const shown = overlays.banner;
  const [text, setText] = useState(shown?.text ?? '');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change({ banner: { text: text.trim() } });
  };
  return (
    <OverlaySection title="Banner" name="banner" onAir={shown !== undefined}>
      <form className="fields one" onSubmit={submit}>
        <label>
          Text
          <input name="banner-text" value={text} onChange={(e) => setText(e.target.value)} maxLength={200} placeholder="We go on at three" autoComplete="off" />
        </label>
        <AirButtons what="the banner" onAir={shown !== undefined} changed={shown?.text !== text.trim()} ready={text.trim() !== ''} onHide={() => change({ banner: null })} testId="banner" />
      </form>
    </OverlaySection>
  );
}
