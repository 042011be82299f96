/** A room's media inside its own process: publications, the feed socket, the audio bus, levels and the dominant speaker. */
import type { Config } from '../config/config.ts';
import { AppError } from '../domain/errors.ts';
import type { FeedId, ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import { nextSpeaker, noSpeaker } from '../domain/speaker.ts';
import { encodeFeedMessage, FEED_FRAME, feedSocketPath } from '../media/feed-protocol.ts';
import { folded, type Logger } from '../observability/logger.ts';
import { LoopDelay } from '../observability/loop-delay.ts';
import type { ParticipantCommand, SessionAnswer, SessionPatch, SessionPatched } from '../node-api/contract.ts';
import { AudioBus, BusListener } from './audio-bus.ts';
import { BusClock } from './bus-clock.ts';
import { FeedServer } from './feed-server.ts';
import { checkOffer } from './offer-check.ts';
import { PictureFeed } from './picture-feed.ts';
import { feedInfo, type Publication } from './publication.ts';
import type { RoomCalls, RoomEvent, RoomFigures } from './room-messages.ts';
import { RoomParticipant } from './room-participant.ts';
import { SoundPairs } from './sound-pairs.ts';
import { SyncCorrection } from './sync-correction.ts';
import { WATCH_STEP_MS, WhipSession } from './whip-session.ts';

const CAMERA_OFF_MS = 2000;
/** Browsers send an unchanging screen seldom. */
const SCREEN_OFF_MS = 10_000;
const SPEAKER_STEP_MS = 100;
/** Three looks a second. */
const LEVELS_EVERY_STEPS = 3;
/** Unchanged levels (a steady tone) are told again, for pages that were opened since. */
const LEVELS_AGAIN_STEPS = 10;
const FIGURES_EVERY_STEPS = 20;
const LOOP_LOOK_MS = 100;

export class IngestRoom {
  readonly #bus = new AudioBus();
  readonly #clock: BusClock;
  readonly #feeds: FeedServer;
  readonly #participants = new Map<ParticipantId, RoomParticipant>();
  readonly #publications = new Map<SessionId, Publication>();
  /** Sessions that are being opened. */
  readonly #opening = new Map<SessionId, ParticipantId>();
  readonly #loopDelay = new LoopDelay(LOOP_LOOK_MS);
  readonly #picturesLost: () => void;
  #picturesDropped = 0;
  #lostWhy = '';
  #nextIndex = 1;
  #steps = 0;
  #busyNs = 0;
  #playNs = 0;
  #speaker = noSpeaker(performance.now());
  #levels = '';
  #levelsToldAtStep = 0;
  readonly #timers: NodeJS.Timeout[] = [];
  #closed = false;

  constructor(
    private readonly room: RoomId,
    private readonly config: Pick<Config, 'runDir' | 'instance' | 'ingestUdpPorts' | 'iceServers' | 'publicIp' | 'publisherTimeoutMs' | 'maxParticipants'>,
    private readonly log: Logger,
    private readonly tell: (event: RoomEvent) => void,
  ) {
    const pairs = new SoundPairs((message) => this.#feeds.sendFlow(message));
    this.#clock = new BusClock(this.#bus, (ptsNs, firstSample) => {
      if (this.#feeds.readers > 0) pairs.push(ptsNs, firstSample, this.#bus.programme);
    });
    this.#feeds = new FeedServer(feedSocketPath(config.runDir, room), () => this.#snapshot());
    this.#picturesLost = folded((count) => log.warn({ count, reason: this.#lostWhy }, 'pictures dropped'));
  }

  async start(): Promise<void> {
    await this.#feeds.start();
    this.#clock.start();
    this.#loopDelay.start();
    this.#timers.push(setInterval(() => this.#step(), SPEAKER_STEP_MS), setInterval(() => this.#watch(), WATCH_STEP_MS));
  }

  /** @throws AppError roomFull, malformedSdp, unacceptableOffer */
  async open(request: RoomCalls['open'][0]): Promise<SessionAnswer> {
    const offer = checkOffer(request.offer);
    this.#checkPlace(request.participant);
    const index = this.#nextIndex++;
    const publication = {
      session: request.session,
      participant: request.participant,
      source: request.source,
      feed: `${request.participant}-${request.source}-${index}` as FeedId,
      index,
      joinedAtNs: process.hrtime.bigint(),
    } as Publication;
    const sync = new SyncCorrection();
    publication.connection = new WhipSession(offer, {
      portRange: this.config.ingestUdpPorts,
      iceServers: this.config.iceServers,
      publicIp: this.config.publicIp,
      publisherTimeoutMs: this.config.publisherTimeoutMs,
      stereo: request.source === 'screen', // a shared tab's music; microphones are mono
      onPicture: (frame) => publication.pictures?.write(frame, sync.pictureStampNs(process.hrtime.bigint(), publication.pictures.mostDelayMs)),
      onSound: (block) => publication.sound?.queue.push(block.samples, block.sampleRate, block.channelCount, Number(process.hrtime.bigint())),
      onSync: (playedAheadMs, guess) => {
        if (guess) sync.guessed(playedAheadMs);
        else sync.measured(playedAheadMs);
        if (publication.sound) publication.sound.delayMs = sync.soundDelayMs;
      },
      syncEveryMs: () => sync.measureEveryMs,
      onGone: (reason) => this.#gone(publication, reason),
    });
    let answer: SessionAnswer;
    this.#opening.set(request.session, request.participant);
    try {
      answer = await publication.connection.open();
      if (this.#closed) throw new AppError('unavailable', { retryAfterSeconds: 1 });
    } catch (error) {
      publication.connection.close();
      throw error;
    } finally {
      this.#opening.delete(request.session);
    }
    if (offer.video) publication.pictures = this.#pictures(publication);
    if (offer.audio) publication.sound = this.#bus.add(request.participant, request.source);
    if (publication.connection.wantsAudioBack) {
      publication.listener = new BusListener(request.participant, (samples) => publication.connection.play(samples));
      this.#bus.listeners.add(publication.listener);
    }
    this.#add(publication, request);
    return answer;
  }

  /** @throws AppError sessionNotFound and those of {@link WhipSession.patch} */
  patch({ session, ...patch }: SessionPatch & { session: SessionId }): Promise<SessionPatched> {
    const publication = this.#publications.get(session);
    if (!publication) throw new AppError('sessionNotFound');
    return publication.connection.patch(patch);
  }

  closeSession(session: SessionId): void {
    const publication = this.#publications.get(session);
    if (publication) this.#remove(publication);
  }

  command(id: ParticipantId, patch: ParticipantCommand): void {
    const participant = this.#participants.get(id);
    if (!participant) throw new AppError('participantNotFound');
    participant.apply(patch);
    this.#feeds.sendState(encodeFeedMessage(FEED_FRAME.participant, participant.info));
    this.#changed(participant);
  }

  removeParticipant(id: ParticipantId): void {
    const participant = this.#participants.get(id);
    if (!participant) throw new AppError('participantNotFound');
    for (const publication of [...participant.publications.values()]) {
      this.#remove(publication);
      this.tell({ type: 'sessionEnded', session: publication.session, reason: 'removed by a host' });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#clock.close();
    this.#loopDelay.close();
    for (const publication of [...this.#publications.values()]) this.#remove(publication);
    this.#feeds.close();
  }

  /** Who is here already may publish again, and another source. */
  #checkPlace(id: ParticipantId): void {
    const present = new Set([...this.#participants.keys(), ...this.#opening.values()]);
    if (present.has(id) || present.size < this.config.maxParticipants) return;
    throw new AppError('roomFull', { detail: `The room takes ${this.config.maxParticipants} participants.`, retryAfterSeconds: 10 });
  }

  #pictures(publication: Publication): PictureFeed {
    return new PictureFeed({
      instance: this.config.instance,
      room: this.room,
      index: publication.index,
      offAfterMs: publication.source === 'screen' ? SCREEN_OFF_MS : CAMERA_OFF_MS,
      onChanged: () => this.#announce(publication),
      onDropped: (error) => {
        this.#picturesDropped++;
        this.#lostWhy = error instanceof Error ? error.message : String(error);
        this.#picturesLost();
      },
    });
  }

  #add(publication: Publication, { participant: id, name, role, settings }: RoomCalls['open'][0]): void {
    let participant = this.#participants.get(id);
    if (!participant) {
      participant = new RoomParticipant(id, name, role);
      participant.apply(settings);
      this.#participants.set(id, participant);
    }
    participant.name = name;
    participant.role = settings.role ?? role;
    const replaced = participant.publications.get(publication.source);
    // who comes back over a new connection keeps the place in the order of joining
    publication.joinedAtNs = replaced?.joinedAtNs ?? (participant.publications.size === 0 ? participant.joinedAtNs : publication.joinedAtNs);
    participant.publications.set(publication.source, publication);
    this.#publications.set(publication.session, publication);
    participant.applyGain(publication);
    if (replaced) {
      this.#free(replaced);
      this.tell({ type: 'sessionEnded', session: replaced.session, reason: 'replaced' });
    }
    this.log.info({ participant: id, source: publication.source, feed: publication.feed, back: publication.listener !== undefined }, 'publication opened');
    this.#feeds.sendState(encodeFeedMessage(FEED_FRAME.participant, participant.info));
    this.#announce(publication);
  }

  #announce(publication: Publication): void {
    const participant = this.#participants.get(publication.participant);
    if (!participant || participant.publications.get(publication.source) !== publication) return;
    this.#feeds.sendState(encodeFeedMessage(FEED_FRAME.feedAdded, feedInfo(publication, participant.name)));
    this.#changed(participant);
  }

  #changed(participant: RoomParticipant): void {
    this.tell({ type: 'participantChanged', participant: participant.facts });
  }

  #gone(publication: Publication, reason: string): void {
    this.log.info({ participant: publication.participant, source: publication.source, reason }, 'publisher gone');
    this.#remove(publication);
    this.tell({ type: 'sessionEnded', session: publication.session, reason });
  }

  #remove(publication: Publication): void {
    this.#free(publication);
    const participant = this.#participants.get(publication.participant);
    if (!participant || participant.publications.get(publication.source) !== publication) return;
    participant.publications.delete(publication.source);
    if (participant.publications.size > 0) return this.#changed(participant);
    this.#participants.delete(participant.id);
    this.tell({ type: 'participantLeft', participant: participant.id });
  }

  #free(publication: Publication): void {
    this.#publications.delete(publication.session);
    publication.connection.close();
    publication.pictures?.close();
    if (publication.sound) this.#bus.remove(publication.sound);
    if (publication.listener) this.#bus.listeners.delete(publication.listener);
    this.#feeds.sendState(encodeFeedMessage(FEED_FRAME.feedRemoved, { feed: publication.feed }));
  }

  #snapshot(): Buffer[] {
    const frames = [encodeFeedMessage(FEED_FRAME.hello, { version: 1, room: this.room, pid: process.pid })];
    for (const participant of this.#participants.values()) {
      frames.push(encodeFeedMessage(FEED_FRAME.participant, participant.info));
      for (const publication of participant.publications.values()) frames.push(encodeFeedMessage(FEED_FRAME.feedAdded, feedInfo(publication, participant.name)));
    }
    frames.push(encodeFeedMessage(FEED_FRAME.speaker, { participant: this.#speaker.speaker }));
    return frames;
  }

  #watch(): void {
    const nowMs = performance.now();
    for (const { connection } of [...this.#publications.values()]) connection.watch(nowMs);
  }

  #step(): void {
    const nowMs = performance.now();
    this.#steps++;
    for (const publication of this.#publications.values()) publication.pictures?.check(nowMs);
    const levels = new Map<ParticipantId, number>();
    for (const participant of this.#participants.values()) {
      const microphone = participant.publications.get('camera')?.sound;
      if (microphone) levels.set(participant.id, microphone.levelDbfs);
    }
    const before = this.#speaker.speaker;
    this.#speaker = nextSpeaker(this.#speaker, levels, nowMs);
    if (this.#speaker.speaker !== before) {
      this.#feeds.sendState(encodeFeedMessage(FEED_FRAME.speaker, { participant: this.#speaker.speaker }));
      this.tell({ type: 'speaker', participant: this.#speaker.speaker });
    }
    if (this.#steps % LEVELS_EVERY_STEPS === 0) this.#tellLevels(levels);
    if (this.#steps % FIGURES_EVERY_STEPS === 0) this.tell({ type: 'figures', figures: this.#figures() });
  }

  #tellLevels(levels: ReadonlyMap<ParticipantId, number>): void {
    const rounded = Object.fromEntries([...levels].map(([id, level]) => [id, Math.round(level)])) as Record<ParticipantId, number>;
    const text = JSON.stringify(rounded);
    if (text === this.#levels && (levels.size === 0 || this.#steps - this.#levelsToldAtStep < LEVELS_AGAIN_STEPS)) return;
    this.#levels = text;
    this.#levelsToldAtStep = this.#steps;
    this.tell({ type: 'levels', levels: rounded });
  }

  #figures(): RoomFigures {
    let missed = 0;
    let reanchored = 0;
    for (const { queue } of this.#bus.sources) {
      missed += queue.missedFrames;
      reanchored += queue.reanchored;
    }
    const busyNs = this.#clock.busyNs - this.#busyNs;
    const playNs = this.#clock.playNs - this.#playNs;
    this.#busyNs = this.#clock.busyNs;
    this.#playNs = this.#clock.playNs;
    const loopDelayP99Ms = this.#loopDelay.p99Ms;
    this.#loopDelay.reset();
    return {
      participants: this.#participants.size,
      feeds: this.#publications.size,
      readers: this.#feeds.readers,
      picturesDropped: this.#picturesDropped,
      framesDropped: this.#feeds.dropped,
      soundMissedFrames: missed,
      soundReanchored: reanchored,
      busSkippedBlocks: this.#clock.skippedBlocks,
      busShare: busyNs / (FIGURES_EVERY_STEPS * SPEAKER_STEP_MS * 1e6),
      playShare: playNs / (FIGURES_EVERY_STEPS * SPEAKER_STEP_MS * 1e6),
      loopDelayP99Ms,
      rssBytes: process.memoryUsage.rss(),
    };
  }
}

