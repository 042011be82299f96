import { useEffect, useState } from 'react';
import { api } from '../../api/client.ts';
import type { CustomRegion, LayoutChoice, LayoutPreset, Participant, Room } from '../../api/types.ts';
import { DEFAULT_GAP, DEFAULT_TRANSITION_MS } from '../../../src/domain/room.ts';
import { ErrorNote } from '../page.tsx';
import { Slider } from '../slider.tsx';
import { Switch } from '../switch.tsx';
import { LayoutPicker } from './layout-picker.tsx';
import { RegionEditor } from './region-editor.tsx';
import { usePending } from './use-pending.ts';

interface PanelProps {
  room: Room;
  read: () => Promise<string>;
  participants: readonly Participant[];
}

/** How people are arranged, and how it moves. Everything takes effect at once, but a custom layout goes on air as a whole. */
export function LayoutPanel({ room, read, participants }: PanelProps) {
  const { value, error, change } = usePending<LayoutChoice>(room.layout, async (_patch, whole) => api.setLayout(await read(), room.id, whole), 'The layout was not changed.');
  const [making, setMaking] = useState(false);
  // another layout went on air
  useEffect(() => setMaking(false), [value.preset]);
  const isCustom = making || value.preset === 'custom';

  const pick = (preset: LayoutPreset): void => {
    setMaking(preset === 'custom');
    // regions go with the preset custom, and only with it
    if (preset !== 'custom') change({ preset, regions: null });
  };
  const apply = (regions: CustomRegion[]): void => change({ preset: 'custom', regions });

  return (
    <>
      <section className="card" aria-labelledby="layout-title">
        <h2 id="layout-title">Layout</h2>
        <LayoutPicker value={isCustom ? 'custom' : value.preset} onAir={room.layout.preset} onPick={pick} />
      </section>
      {isCustom && (
        <section className="card" aria-label="Custom layout">
          <h2>Custom layout</h2>
          <RegionEditor onAir={value.preset === 'custom' ? value.regions : undefined} aspect={room.video.width / room.video.height} participants={participants} onApply={apply} />
        </section>
      )}
      <section className="card fields one" aria-labelledby="layout-more-title">
        <h2 id="layout-more-title">Fine tuning</h2>
        <Switch label="Make room for a shared screen" hint="Grid and Speaker turn into Presentation while one is shared" checked={value.autoPresentation ?? true} onChange={(autoPresentation) => change({ autoPresentation })} testId="auto-presentation" />
        <Switch label="Show all of each camera" hint="with bars at the sides, instead of cutting the edges off" checked={value.fit === 'contain'} onChange={(all) => change({ fit: all ? 'contain' : 'cover' })} testId="fit-contain" />
        <Slider label="Gap between tiles" value={value.gap ?? DEFAULT_GAP} min={0} max={0.1} step={1 / 360} format={(gap) => `${Math.round(gap * Math.min(room.video.width, room.video.height))} px`} onChange={(gap) => change({ gap })} testId="gap" />
        <Slider
          label="Length of a move"
          value={value.transitionMs ?? DEFAULT_TRANSITION_MS}
          min={0}
          max={2000}
          step={100}
          format={(ms) => (ms === 0 ? 'at once' : `${(ms / 1000).toFixed(1)} s`)}
          onChange={(transitionMs) => change({ transitionMs })}
          testId="transition"
        />
      </section>
      <div className="in-sight">
        <ErrorNote error={error} />
      </div>
    </>
  );
}
