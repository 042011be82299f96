/** Rooms for the golden layouts and their drawings. */
import type { FeedId, ParticipantId } from '../ids.ts';
import type { LayoutChoice, LayoutPreset } from '../room.ts';
import { computeLayout } from './layout-engine.ts';
import type { Layout, LayoutFeed } from './region.ts';

export function camera(n: number, extra: Partial<LayoutFeed> = {}): LayoutFeed {
  return { feed: `p${n}` as FeedId, participant: `p${n}` as ParticipantId, source: 'camera', pinned: false, hidden: false, ...extra };
}
export function screen(n: number, extra: Partial<LayoutFeed> = {}): LayoutFeed {
  return camera(n, { feed: `p${n}s` as FeedId, source: 'screen', ...extra });
}

/** Three regions one over the other, one for somebody who is not there. */
export const CUSTOM_CHOICE: LayoutChoice = {
  preset: 'custom',
  regions: [
    { slot: 0, source: 'camera', x: 0, y: 0, width: 1, height: 1, z: 0, fit: 'cover' },
    { slot: 1, source: 'camera', x: 0.05, y: 0.55, width: 0.4, height: 0.4, z: 2, fit: 'cover' },
    { participant: 'p3' as ParticipantId, source: 'camera', x: 0.35, y: 0.6, width: 0.4, height: 0.4, z: 1, fit: 'contain' },
    { participant: 'nobody' as ParticipantId, source: 'camera', x: 0.8, y: 0, width: 0.2, height: 0.2, z: 3, fit: 'cover' },
  ],
};

export interface LayoutCase {
  name: string;
  width: number;
  height: number;
  layout: Layout;
}

/**
 * `people` cameras, and with `share` a screen of the first of them. Somebody in the middle speaks, who is neither first nor last.
 */
export function layoutCase(preset: LayoutPreset, people: number, width: number, height: number, share = false): LayoutCase {
  const feeds = Array.from({ length: people }, (_, i) => camera(i + 1));
  const choice: LayoutChoice = preset === 'custom' ? CUSTOM_CHOICE : { preset };
  const speaker = `p${Math.ceil((people + 1) / 2)}` as ParticipantId;
  const layout = computeLayout({ choice, width, height, feeds: share ? [...feeds, screen(1)] : feeds, speaker });
  return { name: `${preset} ${people}${share ? ' and a share' : ''}`, width, height, layout };
}

/** `preset people: feed x,y widthxheight …`, one tile a line. */
export function layoutText({ name, layout }: LayoutCase): string {
  const lines = layout.regions.map((r) => `  ${r.feed.padEnd(4)} ${`${r.x},${r.y}`.padEnd(9)} ${r.width}x${r.height} z${r.z}${r.fit === 'contain' ? ' contain' : ''}`);
  if (layout.more) lines.push(`  +${String(layout.more.count).padEnd(3)} ${`${layout.more.x},${layout.more.y}`.padEnd(9)} ${layout.more.width}x${layout.more.height} z${layout.more.z}`);
  return [`${name}${name.startsWith(layout.preset) ? '' : ` → ${layout.preset}`}`, ...lines].join('\n');
}
