import { useEffect, useState } from 'react';
import type { CustomRegion, Participant } from '../../api/types.ts';
import { same } from './pending.ts';
import { RegionCanvas } from './region-canvas.tsx';
import { anotherRegion, insideCanvas, MAX_REGIONS, STARTERS, twins } from './region-geometry.ts';

interface EditorProps {
  /** On air now; undefined while another layout is. */
  onAir: readonly CustomRegion[] | undefined;
  aspect: number;
  participants: readonly Participant[];
  onApply: (regions: CustomRegion[]) => void;
}

const ORDINAL = ['First', 'Second', 'Third'];
const slotName = (slot: number): string => `${ORDINAL[slot] ?? `${slot + 1}th`} to join`;

/** A layout of one's own. It is put together on the side and goes on air as a whole. */
export function RegionEditor({ onAir, aspect, participants, onApply }: EditorProps) {
  const [draft, setDraft] = useState<CustomRegion[]>(() => [...(onAir ?? STARTERS[0]?.regions ?? [])]);
  const [base, setBase] = useState(onAir);
  const [selected, setSelected] = useState(0);
  const unchanged = onAir !== undefined && same(draft, onAir);
  // another host has put other boxes on air: they are shown, unless there is work in hand here
  useEffect(() => {
    if (same(base, onAir)) return;
    if (onAir && (base === undefined ? false : same(draft, base))) setDraft([...onAir]);
    setBase(onAir);
  }, [onAir, base, draft]);

  const region = draft[selected];
  const double = twins(draft);
  const put = (index: number, change: Partial<CustomRegion>): void => setDraft((before) => before.map((r, i) => (i === index ? { ...r, ...change } : r)));
  const remove = (index: number): void => {
    if (draft.length <= 1) return;
    setDraft(draft.toSpliced(index, 1));
    setSelected(Math.max(0, Math.min(index, draft.length - 2)));
  };
  const nameOf = ({ participant, slot, source }: CustomRegion): string => {
    const who = participant === undefined ? slotName(slot ?? 0) : (participants.find((p) => p.id === participant)?.name ?? `${participant} (not here)`);
    return source === 'screen' ? `${who}, screen` : who;
  };

  return (
    <div className="region-editor" data-testid="region-editor">
      <RegionCanvas regions={draft} selected={selected} aspect={aspect} nameOf={nameOf} onSelect={setSelected} onFrame={put} onRemove={remove} />
      <p className="quiet">Drag a box, or pull its corner. By keyboard: arrows move, Shift and arrows resize, Delete removes.</p>
      <div className="row small">
        <button
          type="button"
          disabled={draft.length >= MAX_REGIONS}
          onClick={() => {
            setDraft([...draft, anotherRegion(draft)]);
            setSelected(draft.length);
          }}
        >
          Add a box
        </button>
        <button type="button" disabled={draft.length <= 1} onClick={() => remove(selected)}>
          Remove box {selected + 1}
        </button>
        <label className="inline end">
          <span className="hidden">Start from an arrangement</span>
          <select
            value=""
            onChange={(e) => {
              const starter = STARTERS[Number(e.target.value)];
              if (!starter) return;
              setDraft([...starter.regions]);
              setSelected(0);
            }}
          >
            <option value="">Start from…</option>
            {STARTERS.map(({ name }, index) => (
              <option key={name} value={index}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {region && <RegionFields key={selected} index={selected} region={region} participants={participants} onChange={(change) => put(selected, change)} />}
      <div className="row">
        <button type="button" className="primary" disabled={unchanged || double !== undefined} onClick={() => onApply(draft)} data-testid="apply-regions">
          Put on air
        </button>
        {onAir && !unchanged && (
          <button type="button" onClick={() => setDraft([...onAir])}>
            Back to what is on air
          </button>
        )}
        <span className="quiet" role="status">
          {double ? `Boxes ${double[0] + 1} and ${double[1] + 1} show the same.` : unchanged ? 'This is on air.' : 'Not on air yet.'}
        </span>
      </div>
    </div>
  );
}

const SIDES = [
  ['x', 'Left'],
  ['y', 'Top'],
  ['width', 'Width'],
  ['height', 'Height'],
] as const;

function RegionFields({ index, region, participants, onChange }: { index: number; region: CustomRegion; participants: readonly Participant[]; onChange: (change: Partial<CustomRegion>) => void }) {
  const who = region.participant === undefined ? `slot ${region.slot ?? 0}` : `id ${region.participant}`;
  const slots = Math.max(4, participants.length, (region.slot ?? 0) + 1);
  const choose = (value: string): void => {
    const id = participants.find((p) => value === `id ${p.id}`)?.id;
    if (id !== undefined) onChange({ participant: id, slot: undefined });
    else if (value.startsWith('slot ')) onChange({ participant: undefined, slot: Number(value.slice(5)) });
  };
  return (
    <fieldset className="region-fields">
      <legend>Box {index + 1}</legend>
      <label>
        Shows
        <select value={who} onChange={(e) => choose(e.target.value)}>
          {region.participant !== undefined && !participants.some((p) => p.id === region.participant) && <option value={who}>{region.participant} (not here)</option>}
          {participants.map((p) => (
            <option key={p.id} value={`id ${p.id}`}>
              {p.name}
            </option>
          ))}
          {Array.from({ length: slots }, (_, slot) => (
            <option key={slot} value={`slot ${slot}`}>
              {slotName(slot)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Source
        <select value={region.source} onChange={(e) => onChange(e.target.value === 'screen' ? { source: 'screen', fit: 'contain' } : { source: 'camera', fit: 'cover' })}>
          <option value="camera">Camera</option>
          <option value="screen">Screen</option>
        </select>
      </label>
      <label>
        Fit
        <select value={region.fit} disabled={region.source === 'screen'} onChange={(e) => onChange({ fit: e.target.value === 'contain' ? 'contain' : 'cover' })}>
          <option value="cover">Fill the box</option>
          <option value="contain">Show all of it</option>
        </select>
      </label>
      {SIDES.map(([side, label]) => (
        <label key={side}>
          {label} <small>%</small>
          <input
            type="number"
            min={0}
            max={100}
            step={0.5}
            value={Math.round(region[side] * 1000) / 10}
            onChange={(e) => {
              if (Number.isFinite(e.target.valueAsNumber)) onChange(insideCanvas({ ...region, [side]: e.target.valueAsNumber / 100 }));
            }}
          />
        </label>
      ))}
      <label>
        Above others
        <input type="number" min={0} max={999} value={region.z} onChange={(e) => onChange({ z: Math.min(999, Math.max(0, Math.round(e.target.valueAsNumber || 0))) })} />
      </label>
    </fieldset>
  );
}
