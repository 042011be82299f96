import type { LayoutPreset } from '../room.ts';
import type { LayoutFeed, LayoutInput } from './region.ts';

/** What is shown: a share turns `grid` and `speaker` into `presentation`, as long as it lasts and nobody has turned that off. */
export function effectivePreset({ choice }: LayoutInput, feeds: readonly LayoutFeed[]): LayoutPreset {
  const follows = choice.preset === 'grid' || choice.preset === 'speaker';
  return follows && sharesLead(choice.autoPresentation) && feeds.some((f) => f.source === 'screen') ? 'presentation' : choice.preset;
}

function sharesLead(autoPresentation: boolean | undefined): boolean {
  return autoPresentation !== false;
}

/** A pinned share, else the newest. */
function leadingShare(feeds: readonly LayoutFeed[]): LayoutFeed | undefined {
  const shares = feeds.filter((f) => f.source === 'screen');
  return shares.findLast((f) => f.pinned) ?? shares.at(-1);
}

/**
 * The feed that is shown large. `presentation`: a share. `pip`, `portrait`, `single`: a pinned share, who is pinned, a share. Else and
 * without one: who is pinned, who speaks, who was there before, the first camera.
 * @param feeds not hidden, in order of joining; not empty
 */
export function mainFeed(preset: LayoutPreset, feeds: readonly LayoutFeed[], input: LayoutInput): LayoutFeed {
  const share = leadingShare(feeds);
  const before = feeds.find((f) => f.feed === input.seating?.main);
  const pinned = (before?.pinned && before.source === 'camera' ? before : undefined) ?? feeds.find((f) => f.pinned && f.source === 'camera');
  if (share) {
    if (preset === 'presentation') return share;
    const mayLead = preset !== 'speaker' && sharesLead(input.choice.autoPresentation);
    if (mayLead && (share.pinned || !pinned)) return share;
    if (share.pinned && !pinned) return share;
  }
  return (
    pinned ??
    feeds.find((f) => f.source === 'camera' && f.participant === input.speaker) ??
    (before?.source === 'camera' ? before : undefined) ??
    feeds.find((f) => f.source === 'camera') ??
    (feeds[0] as LayoutFeed)
  );
}

/** Who must be seen, most important first: pinned ones, who speaks, shares. */
export function mustBeSeen(feeds: readonly LayoutFeed[], input: LayoutInput): LayoutFeed[] {
  const ofSpeaker = feeds.filter((f) => f.participant === input.speaker);
  const speaker = ofSpeaker.find((f) => f.source === 'camera') ?? ofSpeaker[0];
  return [...new Set([...feeds.filter((f) => f.pinned), ...(speaker ? [speaker] : []), ...feeds.filter((f) => f.source === 'screen').reverse()])];
}

/** The two of `split`: pinned ones, a share, who was on stage; else the first two seats. */
export function splitMust(feeds: readonly LayoutFeed[], input: LayoutInput): LayoutFeed[] {
  const share = sharesLead(input.choice.autoPresentation) ? leadingShare(feeds) : undefined;
  const before = feeds.find((f) => f.feed === input.seating?.main);
  return [...new Set([...feeds.filter((f) => f.pinned), ...(share ? [share] : []), ...(before ? [before] : [])])];
}
