export interface Volume {
  /** 0…1 */
  level: number;
  muted: boolean;
}

const LOUD: Volume = { level: 1, muted: false };

/** What was kept, or full volume when that is nothing of ours. */
export function parseVolume(text: string | undefined): Volume {
  if (text === undefined) return LOUD;
  try {
    const { level, muted } = JSON.parse(text) as Partial<Record<keyof Volume, unknown>>;
    if (typeof level !== 'number' || !(level >= 0 && level <= 1)) return LOUD;
    return { level, muted: muted === true };
  } catch {
    return LOUD;
  }
}

const STEP = 0.05;

/** One step louder or quieter; a step up from silence is heard again. */
export function stepVolume({ level, muted }: Volume, by: 1 | -1): Volume {
  const next = Math.round(Math.min(1, Math.max(0, level + by * STEP)) * 100) / 100;
  return { level: next, muted: by > 0 ? false : muted };
}
