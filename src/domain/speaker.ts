/**
 * Who is on stage: the participant who has clearly been the loudest for a while. A cough or one word of somebody else
 * changes nothing (hysteresis), and silence keeps the last speaker.
 */
import type { ParticipantId } from './ids.ts';

/** A challenger must speak this long while leading; losing the lead starts again. */
export const DOMINANCE_MS = 1500;
/** Nobody on stage: so long of speech is enough. */
const FIRST_SPEAKER_MS = 300;
/** A loud sound is on the meter so much longer than in the room: it falls by 35 dB in 0.36 s. */
const METER_FALL_MS = 400;
/** Silence takes back so much of it: with the meter's fall speech is there for most of the time, coughing for less than half of it. */
const SILENCE_TAKES = 0.8;
/** Below it is room noise, not speech. */
const SPEECH_DBFS = -45;
/** A challenger leads when its activity is so much higher. */
const LEAD = 0.15;
/** Activity follows speech with this time constant: it bridges pauses between words. */
const ACTIVITY_MS = 700;

export interface SpeakerState {
  speaker?: ParticipantId;
  challenger?: ParticipantId;
  /** How long the challenger has spoken while leading. */
  ledMs: number;
  lastMs: number;
  /** 0…1: the share of recent time spent speaking, weighted by loudness. */
  activity: ReadonlyMap<ParticipantId, number>;
}

export function noSpeaker(nowMs: number): SpeakerState {
  return { ledMs: 0, lastMs: nowMs, activity: new Map() };
}

/** The state after another look at the levels (dBFS per participant in the room; who is missing has left). */
export function nextSpeaker(state: SpeakerState, levels: ReadonlyMap<ParticipantId, number>, nowMs: number): SpeakerState {
  const passedMs = Math.max(0, nowMs - state.lastMs);
  const share = 1 - Math.exp(-passedMs / ACTIVITY_MS);
  const activity = new Map<ParticipantId, number>();
  for (const [participant, level] of levels) {
    const before = state.activity.get(participant) ?? 0;
    activity.set(participant, before + (loudness(level) - before) * share);
  }
  const speaker = state.speaker !== undefined && levels.has(state.speaker) ? state.speaker : undefined;
  const next: SpeakerState = { speaker, ledMs: 0, lastMs: nowMs, activity };

  const leader = loudest(activity, levels);
  if (leader === undefined || leader === speaker) return next;
  const lead = (activity.get(leader) ?? 0) - (speaker === undefined ? 0 : (activity.get(speaker) ?? 0));
  if (lead < LEAD) return next;
  next.challenger = leader;
  const speaking = (levels.get(leader) ?? SPEECH_DBFS - 1) >= SPEECH_DBFS;
  next.ledMs = Math.max(0, (state.challenger === leader ? state.ledMs : 0) + passedMs * (speaking ? 1 : -SILENCE_TAKES));
  const neededMs = METER_FALL_MS + (speaker === undefined ? FIRST_SPEAKER_MS : DOMINANCE_MS);
  if (next.ledMs < neededMs) return next;
  return { speaker: leader, ledMs: 0, lastMs: nowMs, activity };
}

/** 0 below speech, 0.5 at its threshold, 1 at −15 dBFS and above. */
function loudness(levelDbfs: number): number {
  if (levelDbfs < SPEECH_DBFS) return 0;
  return Math.min(1, 0.5 + (levelDbfs - SPEECH_DBFS) / 60);
}

function loudest(activity: ReadonlyMap<ParticipantId, number>, levels: ReadonlyMap<ParticipantId, number>): ParticipantId | undefined {
  let best: ParticipantId | undefined;
  let most = 0;
  for (const [participant, value] of activity) {
    if (value > most && levels.has(participant)) {
      best = participant;
      most = value;
    }
  }
  return best;
}
