/**
 * One room's mix in its own process: feeds in, units out. Puts together graph, stage, overlays, sound line, degrade ladder and both
 * clients. The decisions are elsewhere (domain/layout, domain/degrade-ladder, domain/uplink, sound-line); this is what happens when.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DegradeEffects } from '../domain/degrade-ladder.ts';
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import type { Seating } from '../domain/layout/region.ts';
import type { MixMemory } from '../domain/mix-memory.ts';
import { EPOCH_STEP_NS, epochBaseNs, NS_PER_MS } from '../domain/programme-time.ts';
import type { CaptionLine } from '../domain/room.ts';
import type { FeedInfo, ParticipantInfo } from '../media/feed-protocol.ts';
import type { Welcome } from '../media/programme-protocol.ts';
import { FeedClient } from './feed-client.ts';
import { GraphHost } from './graph-host.ts';
import { MachineLoad } from './machine-load.ts';
import type { FromMix, MixHeartbeat, MixRoom } from './mix-ipc.ts';
import { Overload } from './overload.ts';
import { CanvasOverlays } from './overlays/canvas-overlays.ts';
import { ProgrammeClient } from './programme-client.ts';
import { SoundGuard } from './sound-guard.ts';
import { Stage } from './stage.ts';
import { UplinkWishes } from './uplink-wishes.ts';

const TRACK_COUNT = 4;
/** Wishes for less are told after a while of less. */
const UPLINK_TICK_MS = 500;
/** The first picture waits so long for ingest to tell who is there: after a restart nobody is to miss from it. */
const PEOPLE_MS = 150;
/** The first pictures of a process come late; how the machine keeps up shows only after them. */
const SETTLED_MS = 1500;

export interface RoomMixOptions {
  room: MixRoom;
  epoch: number;
  feedSocket: string;
  programmeSocket: string;
  memory?: MixMemory;
  /** So much calm lets a step of the degrade ladder go. */
  calmNeededMs?: number;
  /** A graph built in advance; used when its format is the room's. */
  prepared?: (events: ConstructorParameters<typeof GraphHost>[1]) => GraphHost | undefined;
}

export class RoomMix {
  readonly #graph: GraphHost;
  readonly #stage: Stage;
  readonly #overlays: CanvasOverlays;
  readonly #uplink: UplinkWishes;
  readonly #overload: Overload;
  readonly #load = new MachineLoad();
  readonly #feeds: FeedClient;
  readonly #programme: ProgrammeClient;
  #sound: SoundGuard | undefined;
  #anchorNs: bigint | undefined;
  #lateness = { ms: 0, untilNs: 0n };
  #skippedBefore = 0;
  #memory: string;
  #seating: Seating | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #overlayTick: NodeJS.Timeout | undefined;
  readonly #startedNs = process.hrtime.bigint();
  readonly #tracksSeen = new Set<string>();
  readonly #peopleTold = signal();
  #closed = false;

  constructor(
    private readonly options: RoomMixOptions,
    private readonly report: (message: FromMix) => void,
  ) {
    const { room } = options;
    const events = {
      initReady: (init: Parameters<ProgrammeClient['sendInit']>[0]) => this.#programme.sendInit(init),
      unitReady: (unit: Parameters<ProgrammeClient['sendUnit']>[0]) => {
        this.#programme.sendUnit(unit);
        if (unit.track === 'video:high' && this.#anchorNs !== undefined) {
          const sinceAnchorNs = process.hrtime.bigint() - this.#anchorNs;
          this.#lateness = { ms: Number((sinceAnchorNs - unit.ptsNs) / NS_PER_MS), untilNs: unit.ptsNs + unit.durationNs };
        }
        if (this.#tracksSeen.size < TRACK_COUNT && this.#tracksSeen.add(unit.track).size === TRACK_COUNT) this.#ready();
      },
      failed: (error: Error) => this.report({ type: 'failed', code: 'graphFailed', detail: error.message }),
    };
    this.#graph = options.prepared?.(events) ?? new GraphHost(room.video, events);
    const { memory, calmNeededMs } = options;
    this.#seating = memory?.seating;
    this.#memory = JSON.stringify(memory ?? {});
    this.#uplink = new UplinkWishes(room.video, (wishes) => this.report({ type: 'uplink', wishes }));
    this.#stage = new Stage(room, this.#graph, {
      ...(memory?.seating ? { seating: memory.seating } : {}),
      laidOut: (layout, feeds) => {
        this.#peopleTold.give();
        this.#seating = layout.seating;
        this.#remember();
        this.#uplink.laidOut(layout, feeds, performance.now());
      },
    });
    this.#overlays = new CanvasOverlays(this.#graph, room.video, {
      covered: (boxes) => this.#stage.changeCovered(boxes),
      imageFailed: (path, error) => this.report({ type: 'imageFailed', path, detail: error instanceof Error ? error.message : String(error) }),
    });
    this.#overload = new Overload({
      ...(memory?.degradeStep ? { step: memory.degradeStep } : {}),
      ...(calmNeededMs === undefined ? {} : { calmNeededMs }),
      read: () => {
        const { skipped } = this.#graph.figures();
        const skippedFrames = skipped - this.#skippedBefore;
        this.#skippedBefore = skipped;
        return { latenessMs: this.#latenessMs(), cpuShare: this.#load.share(), skippedFrames };
      },
      stepped: (_step, effects, degraded) => {
        this.#applyEffects(effects);
        this.report({ type: 'degraded', ...(degraded ? { degraded } : {}) });
        this.#remember();
      },
    });
    this.#feeds = new FeedClient(options.feedSocket, {
      connected: () => this.#stage.expectFeeds(),
      feedAdded: (feed: FeedInfo) => this.#stage.addFeed(feed),
      feedRemoved: (feed: FeedId) => this.#stage.removeFeed(feed),
      participantChanged: (participant: ParticipantInfo) => this.#stage.changeParticipant(participant),
      speakerChanged: (participant: ParticipantId | undefined) => this.#stage.changeSpeaker(participant),
      soundArrived: (block) => this.#sound?.write(block),
      disconnected: () => this.#stage.clear(),
    });
    this.#programme = new ProgrammeClient(
      { path: options.programmeSocket, room: room.id, epoch: options.epoch, frameRate: room.video.frameRate, renditions: this.#graph.renditions.map(({ name }) => name) },
      {
        welcomed: (welcome) => this.#welcomed(welcome),
        refused: (refused) => {
          // others (no room yet, an origin that is just starting) pass: the client connects again
          if (refused.code === 'staleEpoch') this.report({ type: 'failed', code: 'staleEpoch', detail: refused.detail, ...(refused.epoch === undefined ? {} : { epoch: refused.epoch }) });
        },
        keyframeRequested: () => this.#graph.requestKeyframe(),
        disconnected: () => undefined,
      },
    );
  }

  start(): void {
    const { degraded, effects } = this.#overload;
    this.#applyEffects(effects);
    this.#overlays.change(this.options.room);
    if (degraded) this.report({ type: 'degraded', degraded });
    this.#timers.push(setInterval(() => this.#uplink.tick(performance.now()), UPLINK_TICK_MS));
    this.#feeds.start();
    this.#programme.start();
  }

  changeRoom(room: MixRoom): void {
    this.#stage.changeRoom(room);
    this.#overlays.change(room);
  }

  caption(line: CaptionLine): void {
    this.#overlays.caption(line);
  }

  heartbeat(eventLoopP99Ms: number): MixHeartbeat {
    const { frames, skipped } = this.#graph.figures();
    return {
      frames,
      feeds: this.#stage.feedCount,
      latenessMs: this.#lateness.ms,
      dropped: this.#programme.dropped + skipped + this.#graph.unusable,
      eventLoopP99Ms,
      silenceMs: this.#sound?.silenceMs ?? 0,
    };
  }

  /** Stops at once; the process must end afterwards. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearInterval(this.#overlayTick);
    this.#overload.close();
    this.#sound?.close();
    this.#feeds.close();
    this.#stage.close();
    this.#overlays.close();
    this.#graph.stop();
    this.#programme.close();
  }

  /** Of the last unit; of the one that is missing when none comes any more. */
  #latenessMs(): number {
    if (this.#anchorNs === undefined) return 0;
    const missingMs = Number((process.hrtime.bigint() - this.#anchorNs - this.#lateness.untilNs) / NS_PER_MS);
    return Math.max(this.#lateness.ms, missingMs);
  }

  #applyEffects({ animate, overlayRefreshMs, frameStep, midStep, uplinkRungsDown }: DegradeEffects): void {
    this.#stage.setAnimated(animate);
    this.#graph.setFrameStep(frameStep);
    this.#graph.setRenditionStep('mid', midStep);
    this.#graph.setRenditionStep('low', midStep);
    this.#uplink.setRungsDown(uplinkRungsDown, performance.now());
    this.#overlays.setAnimated(animate);
    clearInterval(this.#overlayTick);
    this.#overlayTick = setInterval(() => this.#overlays.tick(Date.now()), overlayRefreshMs);
  }

  #remember(): void {
    const degradeStep = this.#overload.step;
    const memory: MixMemory = { ...(this.#seating ? { seating: this.#seating } : {}), ...(degradeStep === 'none' ? {} : { degradeStep }) };
    const text = JSON.stringify(memory);
    if (text === this.#memory) return;
    this.#memory = text;
    this.report({ type: 'memory', memory });
  }

  #ready(): void {
    this.report({ type: 'ready', sinceStartMs: Number((process.hrtime.bigint() - this.#startedNs) / NS_PER_MS) });
    this.#timers.push(
      setTimeout(() => {
        this.#skippedBefore = this.#graph.figures().skipped;
        this.#overload.start();
      }, SETTLED_MS),
    );
  }

  #welcomed(welcome: Welcome): void {
    const anchorNs = BigInt(welcome.anchorMonotonicNs);
    if (this.#anchorNs !== undefined) {
      // an origin that lost its programme: our base time has no meaning there
      if (this.#anchorNs !== anchorNs)
        this.report({ type: 'failed', code: 'anchorChanged', detail: 'the origin came back with another anchor' });
      return;
    }
    this.#anchorNs = anchorNs;
    void Promise.race([this.#peopleTold.promise, delay(PEOPLE_MS)]).then(() => this.#begin(anchorNs, welcome.keyframeGridFrames));
  }

  #begin(anchorNs: bigint, keyframeGridFrames: number): void {
    if (this.#closed) return;
    // The next grid place, not the last one: an epoch that began in the past would send frames that the epoch before it has sent
    // already (a warm spare delivers 50 ms after a kill), and the origin would have to wait for another keyframe.
    const baseNs = epochBaseNs(anchorNs, process.hrtime.bigint() + EPOCH_STEP_NS);
    this.#sound = new SoundGuard(anchorNs, baseNs, (samples, sample) => this.#graph.pushSound(samples, sample));
    this.#graph.start({ baseMonotonicNs: baseNs, anchorMonotonicNs: anchorNs, keyframeGridFrames });
    this.#sound.start();
    this.#timers.push(
      setInterval(() => {
        const { frames, feeds, latenessMs, dropped } = this.heartbeat(0);
        this.#programme.sendStats({ epoch: this.options.epoch, frames, feeds, latenessMs, dropped });
      }, 1000),
    );
  }
}

interface Signal {
  promise: Promise<void>;
  give: () => void;
}

function signal(): Signal {
  let give: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (give = resolve));
  return { promise, give };
}
