/**
 * What a mix does without, step by step, when the machine cannot keep up (architecture.md: degrade, never kill). Pure: figures in,
 * step out. Each step includes those before it.
 */
export const DEGRADE_STEPS = ['none', 'overlays', 'frameRate', 'renditions', 'uplink'] as const;
export type DegradeStep = (typeof DEGRADE_STEPS)[number];

/** What is told of it: on the room, in logs and metrics. */
export interface DegradedState {
  /** The highest step taken. */
  step: Exclude<DegradeStep, 'none'>;
  /** Why the last step was taken, for people: «output 240 ms late». */
  reason: string;
  /** ISO 8601. */
  since: string;
}

/** What a step means for the mix. */
export interface DegradeEffects {
  /** Layout changes and overlays move; otherwise they are there at once. */
  animate: boolean;
  /** Overlays that change by themselves (countdown, speaker border) are drawn at most this often. */
  overlayRefreshMs: number;
  /** 2: every second picture of the programme is composed. */
  frameStep: 1 | 2;
  /** 2: `mid` encodes every second of the composed pictures. */
  midStep: 1 | 2;
  /** So many sizes smaller are publishers asked to send (domain/uplink.ts). */
  uplinkRungsDown: 0 | 1;
}

const EFFECTS: Record<DegradeStep, DegradeEffects> = {
  none: { animate: true, overlayRefreshMs: 100, frameStep: 1, midStep: 1, uplinkRungsDown: 0 },
  overlays: { animate: false, overlayRefreshMs: 1000, frameStep: 1, midStep: 1, uplinkRungsDown: 0 },
  frameRate: { animate: false, overlayRefreshMs: 1000, frameStep: 2, midStep: 1, uplinkRungsDown: 0 },
  renditions: { animate: false, overlayRefreshMs: 1000, frameStep: 2, midStep: 2, uplinkRungsDown: 0 },
  uplink: { animate: false, overlayRefreshMs: 1000, frameStep: 2, midStep: 2, uplinkRungsDown: 1 },
};

export function effects(step: DegradeStep): DegradeEffects {
  return EFFECTS[step];
}

const WORDS: Record<DegradeStep, string> = {
  none: 'everything as asked',
  overlays: 'no animation, overlays drawn once a second',
  frameRate: 'half the pictures per second',
  renditions: 'half the pictures per second, a quarter in the small rendition',
  uplink: 'half the pictures per second, a quarter in the small rendition, smaller pictures from publishers',
};

/** A step in words for people. */
export function describe(step: DegradeStep): string {
  return WORDS[step];
}

export interface LoadFigures {
  /**
   * How late the last video unit left against its programme time. About 55 ms is normal, 33 of them the span of a picture at 30 a
   * second; no more at half the frame rate, where a picture is composed at the end of the first frame it stands for.
   */
  latenessMs: number;
  /** CPU in use, of the whole machine, 0…1. */
  cpuShare: number;
  /** Places of the grid left empty since the figures before. */
  skippedFrames: number;
}

export interface DegradeLadder {
  step: DegradeStep;
  /** Why the step was last raised, for people; empty on `none`. */
  reason: string;
  /** Of the last change of step, on the caller's monotonic clock. */
  changedAtMs: number;
  lastMs: number;
  /** Time under overload; fades half as fast as it grows, so that a skip now and again still counts. */
  overloadedMs: number;
  calmMs: number;
  /** So much calm lets a step go. */
  calmNeededMs: number;
  lastUpMs: number | undefined;
  lastDownMs: number | undefined;
  /** No step up before it: the steps taken need time to show. */
  restUntilMs: number;
}

const LATE_MS = 150;
const BUSY_SHARE = 0.95;
/** With a busy machine: later than normal is enough. */
const BUSY_LATE_MS = 80;
/** Twenty milliseconds over what is normal is calm. Nearer to normal (60) noise alone would keep a mix degraded. */
const CALM_LATE_MS = 80;
const CALM_SHARE = 0.8;
const VERY_LATE_MS = 500;

const UP_AFTER_MS = 1000;
/** Very late: sooner, and two steps. Not at once: one stall of the machine is over before a step would help. */
const UP_FAST_AFTER_MS = 500;
const REST_PER_STEP_MS = 1000;
/** Figures that come later than this stand for so much time at most: after a stall nobody knows what was before. */
const LONGEST_STEP_MS = 500;

export const CALM_NEEDED_MS = 10_000;
export const CALM_NEEDED_MOST_MS = 160_000;
/** A step that is taken again so soon was let go too early. */
const RELAPSE_MS = 30_000;
/** After so long without a step up the doubled wait is forgotten. */
const FORGET_MS = 300_000;

/** @param step what the mix before it had come to (a new process goes on where the old one was) */
export function startDegrade(nowMs: number, step: DegradeStep = 'none'): DegradeLadder {
  return {
    step,
    reason: step === 'none' ? '' : 'taken over from the mix before',
    changedAtMs: nowMs,
    lastMs: nowMs,
    overloadedMs: 0,
    calmMs: 0,
    calmNeededMs: CALM_NEEDED_MS,
    lastUpMs: step === 'none' ? undefined : nowMs,
    lastDownMs: undefined,
    restUntilMs: nowMs,
  };
}

/**
 * The ladder after another look at the figures (about four times a second). Up: a step after 1 s of overload, two after 0.5 s if the
 * output is more than 500 ms late, then a rest of 1 s per step. Down: one step after 10 s of calm; each time a step had to be taken
 * again within 30 s that wait doubles, up to 160 s, until five minutes have passed without a step up.
 */
export function nextDegrade(state: DegradeLadder, figures: LoadFigures, nowMs: number): DegradeLadder {
  const passedMs = Math.min(LONGEST_STEP_MS, Math.max(0, nowMs - state.lastMs));
  const { latenessMs } = figures;
  const overloaded = latenessMs > LATE_MS || figures.skippedFrames > 0 || (figures.cpuShare >= BUSY_SHARE && latenessMs > BUSY_LATE_MS);
  const calm = !overloaded && latenessMs < CALM_LATE_MS && figures.cpuShare < CALM_SHARE;
  const next: DegradeLadder = {
    ...state,
    lastMs: Math.max(state.lastMs, nowMs),
    overloadedMs: overloaded ? Math.min(UP_AFTER_MS, state.overloadedMs + passedMs) : Math.max(0, state.overloadedMs - passedMs / 2),
    // what is neither calm nor overload takes calm back; overload ends it
    calmMs: calm ? state.calmMs + passedMs : overloaded ? 0 : Math.max(0, state.calmMs - passedMs),
  };
  if (next.lastUpMs !== undefined && nowMs - next.lastUpMs >= FORGET_MS) next.calmNeededMs = CALM_NEEDED_MS;

  const at = DEGRADE_STEPS.indexOf(state.step);
  const veryLate = latenessMs > VERY_LATE_MS;
  if (overloaded && next.overloadedMs >= (veryLate ? UP_FAST_AFTER_MS : UP_AFTER_MS) && nowMs >= state.restUntilMs) {
    const to = Math.min(DEGRADE_STEPS.length - 1, at + (veryLate ? 2 : 1));
    return to === at ? next : raised(next, to, to - at, reasonOf(figures), nowMs);
  }
  if (at > 0 && next.calmMs >= next.calmNeededMs) {
    const step = DEGRADE_STEPS[at - 1] as DegradeStep;
    return { ...next, step, reason: step === 'none' ? '' : state.reason, changedAtMs: nowMs, lastDownMs: nowMs, calmMs: 0, overloadedMs: 0 };
  }
  return next;
}

function raised(state: DegradeLadder, to: number, steps: number, reason: string, nowMs: number): DegradeLadder {
  const relapse = state.lastDownMs !== undefined && nowMs - state.lastDownMs < RELAPSE_MS;
  return {
    ...state,
    step: DEGRADE_STEPS[to] as DegradeStep,
    reason,
    changedAtMs: nowMs,
    overloadedMs: 0,
    calmMs: 0,
    // one relapse counts once, however many steps it takes up again
    calmNeededMs: relapse ? Math.min(CALM_NEEDED_MOST_MS, state.calmNeededMs * 2) : state.calmNeededMs,
    lastDownMs: relapse ? undefined : state.lastDownMs,
    lastUpMs: nowMs,
    restUntilMs: nowMs + steps * REST_PER_STEP_MS,
  };
}

function reasonOf({ latenessMs, cpuShare, skippedFrames }: LoadFigures): string {
  const words: string[] = [];
  if (latenessMs > BUSY_LATE_MS || skippedFrames === 0) words.push(`output ${Math.round(latenessMs)} ms late`);
  if (skippedFrames > 0) words.push(`${skippedFrames} ${skippedFrames === 1 ? 'picture' : 'pictures'} left out`);
  if (cpuShare >= BUSY_SHARE) words.push(`machine at ${Math.min(100, Math.round(cpuShare * 100))} %`);
  return words.join(', ');
}
