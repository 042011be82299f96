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
