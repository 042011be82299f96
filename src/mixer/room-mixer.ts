/**
 * Keeps one room mixed: starts a mixer process per epoch and the next one as soon as it dies, hangs or gives up, until the mix
 * is no longer wanted. This is the body of one BullMQ job; whoever holds the job's lock runs it.
 *
 * A lock also runs out while Redis is away, with nobody there to take it. A running mixer therefore stays for a while after
 * its lock is lost: the same worker then goes on with it under a new lock, and if another took the job, its newer epoch shuts
 * this one out at the origin. No further epoch is started without a lock.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DEGRADE_STEPS, describe, type DegradedState, type DegradeStep } from '../domain/degrade-ladder.ts';
import type { ParticipantId, RoomId } from '../domain/ids.ts';
import type { MixMemory } from '../domain/mix-memory.ts';
import type { CaptionLine, MixState } from '../domain/room.ts';
import type { UplinkWish } from '../domain/uplink.ts';
import type { Logger } from '../observability/logger.ts';
import type { MixChild } from './mix-child.ts';
import type { MixHeartbeat, MixRoom } from './mix-ipc.ts';
import { UplinkReports } from './uplink-reports.ts';

/** A mixer that says nothing, or composes nothing, for this long is replaced. */
const SILENT_MS = 2000;
/** Loading without a spare, and waiting for an origin that is starting. */
const STARTING_MS = 10_000;
const YOUNG_MS = 2000;
const MAX_BACKOFF_MS = 2000;
const POLL_MS = 1000;
const EPOCH_RETRY_MS = 200;
/** A lost job is found stalled and taken again within about two seconds of Redis being back. */
const LEASE_GRACE_MS = 10_000;

export interface RoomMixerPorts {
  /** @returns undefined when the room is gone, has ended or wants no mix any more */
  wanted(room: RoomId): Promise<MixRoom | undefined>;
  /** @param above an epoch that the origin has seen */
  nextEpoch(room: RoomId, above: number): Promise<number>;
  /** @throws when it could not be stored; it is told again then */
  report(room: RoomId, state: Omit<MixState, 'since'>): Promise<void>;
  /** What publishers should send; only those whose wish changed. @throws as `report` */
  uplink(room: RoomId, wishes: Record<ParticipantId, UplinkWish[]>): Promise<void>;
  /** For a worker that takes the mix over. @throws as `report` */
  remember(room: RoomId, epoch: number, memory: MixMemory): Promise<void>;
  /** Another step of the degrade ladder. */
  stepped(step: DegradeStep, direction: 'up' | 'down'): void;
  takeChild(): MixChild;
  /** Nothing runs any more, however it ended. */
  ended(): void;
}

export interface RoomMixerOptions {
  room: RoomId;
  feedSocket: string;
  programmeSocket: string;
  /** The room had a mix before: another worker's. */
  recovering: boolean;
  /** What that one's mix told last. */
  memory?: MixMemory;
}

/** The job is no longer ours. */
export class MixGivenUp extends Error {}

export class RoomMixer {
  epoch = 0;
  restarts = -1;
  lastHeartbeat: MixHeartbeat | undefined;
  #child: MixChild | undefined;
  #room: MixRoom | undefined;
  /** Of the process that runs or ran last: the next one goes on with it. */
  #memory: MixMemory;
  /** As with the status. */
  #memoryTold = true;
  #degraded: DegradedState | undefined;
  #status: MixState['status'] = 'starting';
  /** The store knows {@link RoomMixer.#status}, or is being told. */
  #statusTold = true;
  readonly #uplink: UplinkReports;
  #sent = '';
  #givenUp: string | undefined;
  #unwanted = false;
  #seenEpoch = 0;
  #ended: Promise<void> | undefined;
  #letGo: () => void = () => undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: RoomMixerOptions,
    private readonly ports: RoomMixerPorts,
    private readonly log: Logger,
  ) {
    this.#memory = options.memory ?? {};
    this.#uplink = new UplinkReports((wishes) => ports.uplink(options.room, wishes));
  }

  get degradeStep(): DegradeStep {
    return this.#degraded?.step ?? 'none';
  }

  /** It takes no new lock any more. */
  get over(): boolean {
    return this.#unwanted || this.#givenUp !== undefined;
  }

  /**
   * Starts the mix, or goes on with it under a new lock. Ends when the mix is no longer wanted.
   * @throws MixGivenUp after `giveUp`, and at once after `lockLost`
   */
  hold(): Promise<void> {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    const ended = (this.#ended ??= this.#run().finally(() => this.ports.ended()));
    return new Promise((resolve, reject) => {
      this.#letGo = () => reject(new MixGivenUp('lock lost'));
      ended.then(resolve, reject);
    });
  }

  /** The job that held it is not ours any more; what runs goes on until it is held again or {@link LEASE_GRACE_MS} have passed. */
  lockLost(): void {
    this.#grace ??= setTimeout(() => this.giveUp('lock lost'), LEASE_GRACE_MS);
    this.#letGo();
  }

  async #run(): Promise<void> {
    const poll = setInterval(() => void this.refresh(), POLL_MS);
    let youngDeaths = 0;
    try {
      await this.refresh();
      while (!this.#room && !this.over) await delay(EPOCH_RETRY_MS); // Redis is away; the poll asks again
      while (!this.over && this.#room) {
        const room = this.#room;
        const epoch = await this.#nextEpoch();
        if (epoch === undefined || this.over) break;
        this.epoch = epoch;
        const startedMs = performance.now();
        const reason = await this.#runChild(room);
        if (this.#grace) this.giveUp('lock lost');
        if (this.over) break;
        youngDeaths = performance.now() - startedMs < YOUNG_MS ? youngDeaths + 1 : 0;
        this.log.warn({ epoch: this.epoch, reason }, 'mixer ended, starting the next epoch');
        if (youngDeaths > 1) await delay(Math.min(MAX_BACKOFF_MS, 100 * 2 ** youngDeaths));
      }
    } finally {
      clearInterval(poll);
      clearTimeout(this.#grace);
      this.#child?.kill();
    }
    if (this.#givenUp !== undefined) throw new MixGivenUp(this.#givenUp);
    this.#degraded = undefined;
    this.#report('idle');
  }

  /** Looks again at what is wanted; called on events and each second. */
  async refresh(): Promise<void> {
    let room: MixRoom | undefined;
    try {
      room = await this.ports.wanted(this.options.room);
    } catch {
      return; // Redis is away: what runs goes on
    }
    if (!room) {
      this.#unwanted = true;
      this.#child?.kill();
      return;
    }
    // Redis answers: what it missed while it was away
    if (!this.#statusTold) this.#report(this.#status);
    if (!this.#memoryTold) this.#remember();
    void this.#uplink.again();
    this.#room = room;
    const text = JSON.stringify(room);
    if (text === this.#sent) return;
    this.#sent = text;
    this.#child?.send({ type: 'room', room });
  }

  /** Shown by the mix that runs; lost when there is none, as captions are of now. */
  caption(caption: CaptionLine): void {
    this.#child?.send({ type: 'caption', caption });
  }

  /** The lock is lost for good or the worker closes: the child dies first. */
  giveUp(reason: string): void {
    this.#givenUp ??= reason;
    this.#child?.kill();
  }

  /** Without Redis there is no epoch that is surely newer than all others: waits for it. */
  async #nextEpoch(): Promise<number | undefined> {
    while (!this.over) {
      try {
        return await this.ports.nextEpoch(this.options.room, this.#seenEpoch);
      } catch {
        await delay(EPOCH_RETRY_MS);
      }
    }
    return undefined;
  }

  /** @returns why it ended */
  #runChild(room: MixRoom): Promise<string> {
    const { feedSocket, programmeSocket } = this.options;
    const epoch = this.epoch;
    const child = this.ports.takeChild();
    this.#child = child;
    this.restarts++;
    return new Promise((resolve) => {
      let reason = 'process died';
      let limitMs = STARTING_MS;
      let heardMs = performance.now();
      let frames = -1;
      const watch = setInterval(() => {
        if (performance.now() - heardMs <= limitMs) return;
        reason = 'no heartbeat or no pictures';
        child.kill();
      }, 250);
      child.on('ready', (sinceStartMs) => {
        limitMs = SILENT_MS;
        heardMs = performance.now();
        this.log.info({ epoch, sinceStartMs, childPid: child.pid }, 'mixer delivers');
        this.#report('running');
      });
      child.on('heartbeat', (stats) => {
        this.lastHeartbeat = stats;
        if (stats.frames === frames) return;
        frames = stats.frames;
        heardMs = performance.now();
      });
      child.on('memory', (memory) => {
        this.#memory = memory;
        this.#remember();
      });
      child.on('uplink', (wishes) => this.#uplink.tell(wishes));
      child.on('degraded', (degraded) => this.#step(degraded));
      child.on('imageFailed', (path, detail) => this.log.warn({ epoch, path, detail }, 'a picture of the overlays cannot be shown and is left out'));
      child.on('failed', (code, detail, seen) => {
        reason = `${code}: ${detail}`;
        this.#seenEpoch = Math.max(this.#seenEpoch, seen ?? 0);
      });
      child.on('exited', () => {
        clearInterval(watch);
        if (this.#child === child) this.#child = undefined;
        resolve(reason);
      });
      if (child.exited) {
        clearInterval(watch);
        resolve('process died');
        return;
      }
      this.#sent = JSON.stringify(room);
      child.send({ type: 'start', room, epoch, feedSocket, programmeSocket, memory: this.#memory });
      this.#report(this.restarts > 0 || this.options.recovering ? 'recovering' : 'starting');
    });
  }

  #report(status: MixState['status']): void {
    this.#status = status;
    this.#statusTold = true;
    this.ports.report(this.options.room, { status, epoch: this.epoch, ...(this.#degraded ? { degraded: this.#degraded } : {}) }).catch(() => (this.#statusTold = false));
  }

  #remember(): void {
    this.#memoryTold = true;
    this.ports.remember(this.options.room, this.epoch, this.#memory).catch(() => (this.#memoryTold = false));
  }

  #step(degraded: DegradedState | undefined): void {
    const before = this.degradeStep;
    const step = degraded?.step ?? 'none';
    if (step === before) return;
    this.#degraded = degraded;
    const direction = DEGRADE_STEPS.indexOf(step) > DEGRADE_STEPS.indexOf(before) ? 'up' : 'down';
    this.ports.stepped(step, direction);
    const fields = { epoch: this.epoch, from: before, to: step, without: describe(step) };
    if (direction === 'up') this.log.warn({ ...fields, reason: degraded?.reason }, 'the machine cannot keep up: the mix does without more');
    else this.log.info(fields, 'the machine keeps up again: the mix takes a step back');
    this.#report(this.#status);
  }
}
