/**
 * One room's mix in its own process: feeds in, units out. Puts together graph, slots, layout, overlays, sound line and both
 * clients. The decisions are elsewhere (domain/layout, sound-line, picture-crop); this is what happens when.
 */
import { MIXER_SLOTS } from '../../pipelines/gstreamer/mixer-graph.ts';
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import { EPOCH_STEP_NS, epochBaseNs, NS_PER_MS, NS_PER_SECOND } from '../domain/programme-time.ts';
import type { FeedInfo, ParticipantInfo } from '../media/feed-protocol.ts';
import type { RingFrame } from '../media/frame-ring.ts';
import type { Welcome } from '../media/programme-protocol.ts';
import { FeedClient } from './feed-client.ts';
import { GraphHost } from './graph-host.ts';
import type { FromMix, MixHeartbeat, MixRoom } from './mix-ipc.ts';
import { ProgrammeClient } from './programme-client.ts';
import { SoundGuard } from './sound-guard.ts';
import { Stage } from './stage.ts';

const TRACK_COUNT = 4;

export interface RoomMixOptions {
  room: MixRoom;
  epoch: number;
  feedSocket: string;
  programmeSocket: string;
  /** A graph built in advance; used when its format is the room's. */
  prepared?: (events: ConstructorParameters<typeof GraphHost>[1]) => GraphHost | undefined;
}

export class RoomMix {
  #graph: GraphHost;
  #stage: Stage;
  #feeds: FeedClient;
  #programme: ProgrammeClient;
  #sound: SoundGuard | undefined;
  #anchorNs: bigint | undefined;
  #latenessMs = 0;
  #stats: NodeJS.Timeout | undefined;
  readonly #startedNs = process.hrtime.bigint();
  readonly #tracksSeen = new Set<string>();

  constructor(
    private readonly options: RoomMixOptions,
    private readonly report: (message: FromMix) => void,
  ) {
    const { room } = options;
    const events = {
      initReady: (init: Parameters<ProgrammeClient['sendInit']>[0]) => this.#programme.sendInit(init),
      unitReady: (unit: Parameters<ProgrammeClient['sendUnit']>[0]) => {
        this.#programme.sendUnit(unit);
        if (unit.track === 'video:high' && this.#anchorNs !== undefined)
          this.#latenessMs = Number((process.hrtime.bigint() - this.#anchorNs - unit.ptsNs) / NS_PER_MS);
        if (this.#tracksSeen.size < TRACK_COUNT && this.#tracksSeen.add(unit.track).size === TRACK_COUNT)
          this.report({ type: 'ready', sinceStartMs: Number((process.hrtime.bigint() - this.#startedNs) / NS_PER_MS) });
      },
      failed: (error: Error) => this.report({ type: 'failed', code: 'graphFailed', detail: error.message }),
    };
    this.#graph = options.prepared?.(events) ?? new GraphHost(room.video, events);
    this.#stage = new Stage(room, this.#graph, MIXER_SLOTS);
    this.#feeds = new FeedClient(options.feedSocket, (NS_PER_SECOND * 7n) / BigInt(10 * room.video.frameRate), {
      connected: () => undefined,
      feedAdded: (feed: FeedInfo) => this.#stage.addFeed(feed),
      feedRemoved: (feed: FeedId) => this.#stage.removeFeed(feed),
      participantChanged: (participant: ParticipantInfo) => this.#stage.changeParticipant(participant),
      speakerChanged: (participant: ParticipantId | undefined) => this.#stage.changeSpeaker(participant),
      pictureArrived: (feed: FeedId, frame: RingFrame) => this.#stage.showPicture(feed, frame),
      soundArrived: (block) => this.#sound?.write(block),
      disconnected: () => this.#stage.clear(),
    });
    this.#programme = new ProgrammeClient(
      { path: options.programmeSocket, room: room.id, epoch: options.epoch, frameRate: room.video.frameRate },
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
    this.#programme.start();
  }

  changeRoom(room: MixRoom): void {
    this.#stage.changeRoom(room);
  }

  heartbeat(eventLoopP99Ms: number): MixHeartbeat {
    return {
      frames: this.#graph.frames,
      feeds: this.#stage.feedCount,
      latenessMs: this.#latenessMs,
      dropped: this.#programme.dropped + this.#feeds.skipped + this.#graph.unusable,
      eventLoopP99Ms,
      silenceMs: this.#sound?.silenceMs ?? 0,
    };
  }

  /** Stops at once; the process must end afterwards. */
  close(): void {
    clearInterval(this.#stats);
    this.#sound?.close();
    this.#feeds.close();
    this.#graph.stop();
    this.#programme.close();
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
    // The next grid place, not the last one: an epoch that began in the past would send frames that the epoch before it has sent
    // already (a warm spare delivers 50 ms after a kill), and the origin would have to wait for another keyframe.
    const baseNs = epochBaseNs(anchorNs, process.hrtime.bigint() + EPOCH_STEP_NS);
    this.#sound = new SoundGuard(anchorNs, baseNs, (samples, sample) => this.#graph.pushSound(samples, sample));
    this.#graph.start({ baseMonotonicNs: baseNs, anchorMonotonicNs: anchorNs, keyframeGridFrames: welcome.keyframeGridFrames });
    this.#sound.start();
    this.#feeds.start();
    this.#stats = setInterval(() => {
      const { frames, feeds, latenessMs, dropped } = this.heartbeat(0);
      this.#programme.sendStats({ epoch: this.options.epoch, frames, feeds, latenessMs, dropped });
    }, 1000);
  }
}

