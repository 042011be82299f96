import { useEffect, useState } from 'react';
import { api, withToken } from '../../api/client.ts';
import type { Overlays, Room, RoomImage } from '../../api/types.ts';
import { ErrorNote } from '../page.tsx';
import { Switch } from '../switch.tsx';
import { sizeOf } from '../words.ts';
import { BackgroundForm } from './background-form.tsx';
import { CaptionsForm } from './captions-form.tsx';
import { SlateForm } from './slate-form.tsx';
import { BannerForm, LowerThirdForm } from './text-overlays.tsx';
import { useImages, type Images } from './use-images.ts';
import { usePending } from './use-pending.ts';
import { WatermarkForm } from './watermark-form.tsx';

/** What lies over and under people's pictures. Each change is seen at once. */
export function OverlaysPanel({ room, read }: { room: Room; read: () => Promise<string> }) {
  const { value, error, change } = usePending<Overlays>(room.overlays, async (patch) => api.setOverlays(await read(), room.id, patch), 'The overlays were not changed.');
  const images = useImages(room.id, read);
  return (
    <section className="card overlays" aria-labelledby="overlays-title" data-testid="overlays">
      <h2 id="overlays-title">Overlays</h2>
      <div className="fields one switches">
        <Switch label="Names" hint="with a sign for who is muted" checked={value.labels} onChange={(labels) => change({ labels })} testId="labels-switch" />
        <Switch label="Border around who speaks" checked={value.speakerBorder === true} onChange={(speakerBorder) => change({ speakerBorder })} testId="border-switch" />
        <Switch label="Badge while recording" checked={value.recordingBadge === true} onChange={(recordingBadge) => change({ recordingBadge })} testId="badge-switch" />
      </div>
      <LowerThirdForm overlays={value} change={change} />
      <BannerForm overlays={value} change={change} />
      <WatermarkForm overlays={value} images={images} change={change} />
      <CaptionsForm room={room.id} read={read} overlays={value} change={change} />
      <SlateForm overlays={value} images={images} change={change} />
      <BackgroundForm overlays={value} images={images} change={change} />
      <Pictures images={images} overlays={value} read={read} />
      <div className="in-sight">
        <ErrorNote error={error} />
        <ErrorNote error={images.error} />
      </div>
    </section>
  );
}

function isUsed({ name }: RoomImage, { watermark, slate, background }: Overlays): boolean {
  return watermark?.image === name || slate?.image === name || (typeof background === 'object' && background.image === name);
}

function Pictures({ images, overlays, read }: { images: Images; overlays: Overlays; read: () => Promise<string> }) {
  const [token, setToken] = useState<string>();
  const some = images.list.length > 0;
  useEffect(() => {
    if (some) read().then(setToken, () => undefined);
  }, [some, read]);
  if (!some) return null;
  return (
    <details className="overlay">
      <summary>
        <h3>Uploaded pictures</h3>
        <span className="quiet">{images.list.length}</span>
      </summary>
      <ul className="plain-list" aria-label="Uploaded pictures">
        {images.list.map((image) => (
          <li key={image.name} className="between picture-row">
            {token !== undefined && <img src={withToken(`${image.url}?v=${image.sha256.slice(0, 8)}`, token)} alt="" loading="lazy" />}
            <span>
              {image.name}{' '}
              <span className="quiet">
                {image.width} × {image.height}, {sizeOf(image.bytes)}
                {isUsed(image, overlays) && ', on air'}
              </span>
            </span>
            <span className="small">
              <button type="button" disabled={images.busy || isUsed(image, overlays)} onClick={() => void images.remove(image.name)}>
                Delete<span className="hidden"> {image.name}</span>
              </button>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
