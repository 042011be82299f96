/** What a joining edge needs to show a picture at once: each video track since its last keyframe, and the last bit of sound. */
import type { TrackName } from '../domain/rendition.ts';
import { encodeUnit, type Unit } from '../media/programme-protocol.ts';

/** More than two segments of the keyframe grid. */
const MAX_VIDEO_UNITS = 160;
const MAX_AUDIO_UNITS = 10;

export class UnitCache {
  readonly #tracks = new Map<TrackName, Unit[]>();

  /** Keeps `unit`, whose data must belong to nobody else. */
  add(unit: Unit): void {
    let kept = this.#tracks.get(unit.track);
    if (!kept) this.#tracks.set(unit.track, (kept = []));
    if (unit.track.startsWith('video:')) {
      if (unit.key) kept.length = 0;
      // Nothing that starts in the middle is of use; after an overflow the next keyframe begins anew.
      else if (kept.length === 0 || kept.length >= MAX_VIDEO_UNITS) {
        kept.length = 0;
        return;
      }
    } else if (kept.length >= MAX_AUDIO_UNITS) kept.shift();
    kept.push(unit);
  }

  clear(): void {
    this.#tracks.clear();
  }

  frames(): { track: TrackName; key: boolean; frame: Buffer }[] {
    return [...this.#tracks.values()].flat().map((unit) => ({ track: unit.track, key: unit.key, frame: encodeUnit({ ...unit, cached: true }) }));
  }
}
