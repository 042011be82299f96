/**
 * Which rendition an `auto` viewer gets. Pure: fed with what the viewer reports (link-evidence.ts), asked ten times a second.
 *
 * Down: at once when the link is far over (a third is lost, a queue of half a second, an estimate that fell far below what is sent), straight to
 * the rung that fits what came through; after a second of lesser signs by one rung. Up: after a quiet time the rate of the next rung is tried with
 * ballast (packets sent again), as no report says what a link could carry; a rate that holds is followed by the one above it at once, and the best that
 * held is tried itself, with rollback. Each failure doubles the quiet time of that rung.
 */
import type { Rendition } from '../domain/rendition.ts';
import { LinkEvidence } from './link-evidence.ts';

/** From the bottom up. */
export const RUNGS = ['audio', 'low', 'mid', 'high'] as const satisfies readonly Rendition[];

const FIRST_WAIT_MS = 3000;
/** A probe that fails is hardly seen, a trial is. */
const LONGEST_WAIT_AFTER_PROBE_MS: Record<Rendition, number> = { audio: 0, low: 4000, mid: 6000, high: 30_000 };
const LONGEST_WAIT_AFTER_TRIAL_MS = 80_000;
const TRIAL_MS = 4000;
/** Reports that come this soon after a change are about what was sent before it. */
const GRACE_MS = 700;
const LASTING_MS = 1000;
/** A probe that was too much has filled a queue; it is empty again, and the reports about it have come, after this. */
const RECOVERY_MS = 1000;
/** Reports tell of a queue half a second after it began: by then a rate that doubles in this time has put some 200 ms into it. */
const DOUBLING_MS = 800;
const HOLD_MS = 700;
/** As long at the rate of a rung on the way to the one above: harm would have been reported by then. */
const PASSING_MS = 800;
/** The last reports about a probe come this much later. */
const VERDICT_MS = 700;
/** Ballast comes in large packets: what the rung's own, smaller ones have more of headers, and keyframes, is in the margin. */
const PROBE_MARGIN = 1.2;
const PROBE_MARGIN_BPS = 20_000;
/** Headers of RTP, SRTP, UDP and IP, which the announced bitrates do not have, and a little air. */
const OVERHEAD = 1.12;
/** The first reports of a link that has become thin still average over the time before. */
const PESSIMISM = 0.7;
const SECOND_PESSIMISM = 0.85;
const PROBE_QUEUE_MS = 110;
/** A way down is looked at again for so long: the first reports of a link that became thin tell only that it did, those after them how thin. */
const SECOND_LOOK_MS = 1500;
/** Of what was sent before a change down, the part that met the thin link for certain. */
const OVERLOADED_MS = 400;

export interface Ladder {
  /** Rungs that the programme has now; `audio` always. */
  has(rung: Rendition): boolean;
  /** Announced bitrate of picture and sound together. */
  bitrateBps(rung: Rendition): number;
}

interface Probe {
  to: Rendition;
  startedAtMs: number;
  fromBps: number;
  toBps: number;
  rampMs: number;
  lossBefore: number;
  /** The best rung whose rate has held in the probes before this one. */
  held?: Rendition;
}

export type SwitchReason = 'overload' | 'worse' | 'rollback' | 'probe';

type Verdict = 'good' | 'bad' | 'severe';

export class RenditionChooser {
  readonly evidence = new LinkEvidence();
  /** Probes begun, rungs tried, and tries that were taken back. */
  probes = 0;
  trials = 0;
  rollbacks = 0;
  #current: Rendition;
  /** When the present rung's picture began; undefined while its keyframe is waited for. */
  #arrivedAtMs: number | undefined;
  /** What is reported before this is about other things than the rung: a change or a probe. */
  #judgedFromMs = 0;
  #severe = false;
  #reason: SwitchReason = 'probe';
  #badSinceMs: number | undefined;
  #probe: Probe | undefined;
  /** On trial: the rung it came from. */
  #trialFrom: Rendition | undefined;
  /** The last change, if it was down, and what was sent then. */
  #wentDown: { atMs: number; sentBps: number } | undefined;
  #quietSinceMs: number;
  #lossBeforeTrial = 0;
  readonly #waits: Record<Rendition, number> = { audio: 0, low: FIRST_WAIT_MS, mid: FIRST_WAIT_MS, high: FIRST_WAIT_MS };

  /** @param start what it has already; `mid` for one who comes */
  constructor(
    nowMs: number,
    private readonly ladder: Ladder,
    start?: Rendition,
  ) {
    this.#current = start ?? (['mid', 'low', 'high'] as const).find((rung) => ladder.has(rung)) ?? 'mid';
    this.#quietSinceMs = nowMs;
  }

  get current(): Rendition {
    return this.#current;
  }

  /** The last change was down because the link is far over: the old picture is not worth sending until the new one begins. */
  get severe(): boolean {
    return this.#severe;
  }

  /** Why it changed last. */
  get reason(): SwitchReason {
    return this.#reason;
  }

  get probing(): boolean {
    return this.#probe !== undefined;
  }

  /** Reports are wanted more often than once a second: a probe or a trial runs, or there are first signs. */
  get curious(): boolean {
    return this.#probe !== undefined || this.#badSinceMs !== undefined || this.evidence.lastQueueMs > 100;
  }

  /** What is to be sent in all while a probe runs, bit/s without headers; 0 otherwise. Rises evenly by factors, so that a link little over is not flooded. */
  probeBps(nowMs: number): number {
    const probe = this.#probe;
    if (!probe || (nowMs - probe.startedAtMs > probe.rampMs + HOLD_MS && !this.#above(probe.to))) return 0;
    return probe.fromBps * (probe.toBps / probe.fromBps) ** Math.min(1, (nowMs - probe.startedAtMs) / probe.rampMs);
  }

  /** The present rung has begun (its keyframe, or the end of the picture for `audio`). */
  arrived(nowMs: number): void {
    if (this.#arrivedAtMs !== undefined) return;
    this.#arrivedAtMs = nowMs;
    this.#judgedFromMs = nowMs + GRACE_MS;
    this.#quietSinceMs = nowMs;
    if (!this.#wentDown) this.evidence.forget();
  }

  /** @param sentBps lately, picture and sound, without headers @returns the choice */
  decide(nowMs: number, sentBps: number): Rendition {
    if (this.#wentDown) this.#lookAgain(this.#wentDown, nowMs);
    if (this.#arrivedAtMs === undefined) return this.#current;
    const sinceMs = this.#judgedFromMs;
    if (nowMs < sinceMs) return this.#current;
    const verdict = this.#verdict(nowMs, sinceMs, sentBps);
    if (this.#probe) {
      if (this.#probeHarms(this.#probe, nowMs) || verdict === 'severe') this.#probeFailed(this.#probe, nowMs);
      else if (nowMs - this.#probe.startedAtMs > this.#probe.rampMs + (this.#above(this.#probe.to) ? PASSING_MS : HOLD_MS + VERDICT_MS)) this.#probeEnded(this.#probe, nowMs);
      return this.#current;
    }
    if (verdict === 'good') {
      this.#badSinceMs = undefined;
      this.#considerUp(nowMs, sinceMs, sentBps);
      return this.#current;
    }
    this.#quietSinceMs = nowMs;
    this.#badSinceMs ??= nowMs;
    const lasting = nowMs - this.#badSinceMs >= LASTING_MS || this.#trialFrom !== undefined;
    if (this.#current !== 'audio' && (verdict === 'severe' || lasting)) this.#down(nowMs, sinceMs, sentBps, verdict);
    return this.#current;
  }

  #verdict(nowMs: number, sinceMs: number, sentBps: number): Verdict {
    const { evidence } = this;
    if (this.#current === 'audio') return evidence.lossSince(nowMs - 4000) > 0.1 || evidence.lastQueueMs > 150 ? 'bad' : 'good';
    const trial = this.#trialFrom !== undefined;
    const lossNow = this.#lossNow(nowMs);
    const queueMs = evidence.queueSince(sinceMs);
    const fellTo = evidence.throughputAtFallSince(Math.max(sinceMs, nowMs - 1500)) ?? Infinity;
    const borneOut = lossNow > 0.03 || evidence.lastQueueMs > 60;
    if (lossNow >= 0.3 || queueMs > 400 || (borneOut && fellTo < 0.7 * sentBps)) return 'severe';
    // On `low` twenty packets a second come: a few lost by chance are a large share, and there is less to win below.
    const lossy = this.#current === 'low' ? 0.25 : trial ? Math.max(0.08, this.#lossBeforeTrial + 0.06) : 0.12;
    const lasting = evidence.lossSince(Math.max(sinceMs, nowMs - 2000), 35);
    if (lasting >= lossy || queueMs > (trial ? 150 : 200) || fellTo < (borneOut ? 0.95 : 0.7) * sentBps) return 'bad';
    return 'good';
  }

  /** Of the last moments, as soon as they are enough packets to tell. */
  #lossNow(nowMs: number): number {
    return Math.max(...[500, 1200].map((ms) => this.evidence.lossSince(Math.max(this.#judgedFromMs, nowMs - ms), 20)));
  }

  #down(nowMs: number, sinceMs: number, sentBps: number, verdict: Verdict): void {
    const { evidence } = this;
    const loss = this.#lossNow(nowMs);
    const capacityBps = Math.min(loss >= 0.1 ? sentBps * (1 - loss) : Infinity, evidence.throughputAtFallSince(Math.max(sinceMs, nowMs - 1500)) ?? Infinity);
    const below = RUNGS.slice(0, RUNGS.indexOf(this.#current as (typeof RUNGS)[number])).filter((rung) => rung === 'audio' || this.ladder.has(rung));
    // One rung is one rung for lesser signs; what came through counts when the link is far over.
    const fits = (rung: Rendition): boolean => verdict !== 'severe' || OVERHEAD * this.ladder.bitrateBps(rung) <= PESSIMISM * capacityBps;
    if (this.#trialFrom !== undefined) {
      this.rollbacks++;
      this.#waits[this.#current] = Math.min(2 * this.#waits[this.#current], LONGEST_WAIT_AFTER_TRIAL_MS);
    } else this.#waits[this.#current] = FIRST_WAIT_MS;
    this.#reason = this.#trialFrom !== undefined ? 'rollback' : verdict === 'severe' ? 'overload' : 'worse';
    this.#change(below.filter(fits).at(-1) ?? 'audio', nowMs, verdict === 'severe');
    this.#wentDown = { atMs: nowMs, sentBps };
  }

  /** Goes further down, without a wait for the rung just chosen, when that would not fit either. */
  #lookAgain(down: { atMs: number; sentBps: number }, nowMs: number): void {
    const { evidence } = this;
    if (nowMs - down.atMs > SECOND_LOOK_MS || (this.#arrivedAtMs !== undefined && nowMs >= this.#judgedFromMs)) {
      this.#wentDown = undefined;
      return;
    }
    const loss = evidence.reportedLossWithin(down.atMs - OVERLOADED_MS);
    if (loss < 0.3) return; // the estimate falls by itself when the picture has ended
    const fits = (rung: Rendition): boolean => rung === 'audio' || OVERHEAD * this.ladder.bitrateBps(rung) <= SECOND_PESSIMISM * down.sentBps * (1 - loss);
    if (fits(this.#current)) return;
    this.#reason = 'overload';
    this.#change(RUNGS.slice(0, RUNGS.indexOf(this.#current as (typeof RUNGS)[number])).filter((rung) => (rung === 'audio' || this.ladder.has(rung)) && fits(rung)).at(-1) ?? 'audio', nowMs, true);
    this.#wentDown = down;
  }

  #considerUp(nowMs: number, sinceMs: number, sentBps: number): void {
    if (this.#trialFrom !== undefined) {
      if (nowMs - sinceMs < TRIAL_MS) return;
      this.#trialFrom = undefined;
      this.#waits[this.#current] = FIRST_WAIT_MS;
    }
    const next = this.#next(this.#current);
    if (!next || nowMs - this.#quietSinceMs < this.#waits[next]) return;
    const { evidence } = this;
    const lossBefore = evidence.lossSince(nowMs - 4000);
    if (evidence.reports === 0 || lossBefore > 0.08 || evidence.lastQueueMs > 100 || evidence.throughputAtFallSince(nowMs - 2000) !== undefined) return;
    this.probes++;
    evidence.reports = 0;
    this.#probeTo(next, nowMs, sentBps, lossBefore);
  }

  #probeTo(to: Rendition, nowMs: number, sentBps: number, lossBefore: number, held?: Rendition): void {
    const toBps = PROBE_MARGIN * this.ladder.bitrateBps(to) + PROBE_MARGIN_BPS;
    const fromBps = Math.max(20_000, Math.min(sentBps, toBps));
    this.#probe = { to, startedAtMs: nowMs, fromBps, toBps, rampMs: Math.max(DOUBLING_MS, DOUBLING_MS * Math.log2(toBps / fromBps)), lossBefore, held };
  }

  #next(rung: Rendition): Rendition | undefined {
    return RUNGS.slice(RUNGS.indexOf(rung as (typeof RUNGS)[number]) + 1).find((above) => this.ladder.has(above));
  }

  /** The rung that is probed next when the rate of `rung` holds; none above one that has been tried in vain. */
  #above(rung: Rendition): Rendition | undefined {
    const next = this.#next(rung);
    return next && this.#waits[next] <= LONGEST_WAIT_AFTER_PROBE_MS[next] ? next : undefined;
  }

  #probeHarms({ startedAtMs, lossBefore }: Probe, nowMs: number): boolean {
    const { evidence } = this;
    if (evidence.lossSince(startedAtMs + 100) > Math.max(0.06, lossBefore + 0.06)) return true;
    if (evidence.ballastLossSince(startedAtMs) > Math.max(0.08, lossBefore + 0.06)) return true;
    if (nowMs - startedAtMs > 200 && evidence.lastQueueMs > PROBE_QUEUE_MS) return true;
    const fellTo = evidence.throughputAtFallSince(startedAtMs + 200);
    return fellTo !== undefined && fellTo < 0.95 * Math.max(this.probeBps(nowMs), this.#probe?.toBps ?? 0);
  }

  #probeFailed({ to, held, lossBefore }: Probe, nowMs: number): void {
    this.#waits[to] = Math.max(this.#waits[to], Math.min(2 * this.#waits[to], LONGEST_WAIT_AFTER_PROBE_MS[to]));
    if (held) {
      this.#try(held, lossBefore, nowMs);
      return;
    }
    this.#probe = undefined;
    this.#quietSinceMs = nowMs;
    this.#judgedFromMs = nowMs + RECOVERY_MS;
    this.evidence.forget();
  }

  /** Nothing bad was heard. Something must have been: a viewer that reports nothing stays where it is. */
  #probeEnded(probe: Probe, nowMs: number): void {
    const above = this.#above(probe.to);
    if (this.evidence.reports < 2) this.#probeFailed(probe, nowMs);
    else if (above) {
      this.evidence.reports = 0;
      this.#probeTo(above, nowMs, probe.toBps, probe.lossBefore, probe.to);
    } else this.#try(probe.to, probe.lossBefore, nowMs);
  }

  #try(rung: Rendition, lossBefore: number, nowMs: number): void {
    this.trials++;
    this.#lossBeforeTrial = lossBefore;
    this.#reason = 'probe';
    const from = this.#current;
    this.#change(rung, nowMs, false);
    this.#trialFrom = from;
  }

  #change(to: Rendition, nowMs: number, severe: boolean): void {
    this.#current = to;
    this.#severe = severe;
    this.#arrivedAtMs = undefined;
    this.#badSinceMs = undefined;
    this.#probe = undefined;
    this.#trialFrom = undefined;
    this.#wentDown = undefined;
    this.#quietSinceMs = nowMs;
  }
}
