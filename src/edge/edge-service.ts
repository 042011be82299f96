/** WHEP sessions of this edge: opens, changes and ends them. HTTP is in edge-api.ts. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RtcConfig } from 'node-datachannel';
import type { Config } from '../config/config.ts';
import { AppError } from '../domain/errors.ts';
import type { RoomId, SessionId } from '../domain/ids.ts';
import type { Rendition } from '../domain/rendition.ts';
import { parseSdpFragment, parseWhepOffer } from '../media/sdp-whep.ts';
import type { SessionAnswer, SessionPatch, WhepOpen } from '../node-api/contract.ts';
import type { Logger } from '../observability/logger.ts';
import { ChoiceCounters } from './choice-counters.ts';
import { EdgeProgramme } from './edge-programme.ts';
import { ProgrammeSubscription, type OriginAddress } from './programme-subscription.ts';
import { noViewerCounters, type ViewerCounters } from './viewer-counters.ts';
import { FLOODS, Viewer } from './viewer.ts';

const LINGER_MS = 10_000;
/**
 * Whoever has not come for so long gives way when the edge is full, though it may still come for half a minute: otherwise one address could keep
 * everybody else out with offers that it never means to use. On loopback connections take 8 ms, by a relay far away 2 s.
 */
const UNMET_MS = 3000;

export interface EdgeServiceOptions {
  config: Pick<Config, 'edgeUdpPort' | 'edgeMaxViewers' | 'publicIp' | 'iceServers' | 'localMode' | 'internalSecret'>;
  originAddress: (room: RoomId) => OriginAddress | Promise<OriginAddress>;
  /** A session is over, by whatever way: its record may go. */
  onEnded?: (session: SessionId, room: RoomId) => void;
  /** No more viewers for lack of processor time. */
  busy?: () => boolean;
  log: Logger;
  lingerMs?: number;
}

interface Session {
  id: SessionId;
  etag: string;
  iceUfrag: string;
  viewer: Viewer;
}

export class EdgeService {
  /** Of viewers that are gone, by the same names as those of the living. */
  readonly past: ViewerCounters = noViewerCounters();
  readonly choices = new ChoiceCounters();
  opened = 0;
  /** Viewers ended because they sent more messages than any player does. */
  floods = 0;
  /** Viewers that never came and gave way to others. */
  displaced = 0;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #programmes = new Map<RoomId, { programme: EdgeProgramme; started: Promise<void> }>();
  /** Sessions being opened count against the capacity too. */
  #opening = 0;
  #draining = false;

  constructor(private readonly options: EdgeServiceOptions) {}

  get viewers(): number {
    return this.#sessions.size;
  }

  /** Places that are taken in earnest: without those that would give way. */
  get taken(): number {
    const nowMs = performance.now();
    let count = 0;
    for (const { viewer } of this.#sessions.values()) if (viewer.unmetMs(nowMs) <= UNMET_MS) count++;
    return count;
  }

  get capacity(): number {
    return this.options.config.edgeMaxViewers;
  }

  get programmes(): EdgeProgramme[] {
    return [...this.#programmes.values()].map(({ programme }) => programme);
  }

  /** @throws AppError malformedSdp, unacceptableOffer, noLiveProgramme, overloaded, unavailable */
  async open(request: WhepOpen): Promise<SessionAnswer> {
    const offer = parseWhepOffer(request.offer);
    if (this.#draining || !this.#hasPlace() || this.options.busy?.())
      throw new AppError('overloaded', { detail: 'This edge takes no more viewers at the moment.', retryAfterSeconds: 5 });
    this.#opening++;
    try {
      const programme = await this.#programme(request.room);
      const viewer = new Viewer({
        offer,
        sdp: request.offer,
        rendition: request.rendition,
        audio: request.audio,
        tracks: programme.tracks,
        choices: this.choices,
        rtc: this.#rtcConfig(),
        publicIp: this.options.config.publicIp,
      });
      const log = this.options.log.child({ room: request.room, session: request.session.slice(0, 8) });
      let closed = false;
      viewer.once('closed', (reason) => {
        closed = true;
        if (reason === FLOODS) this.floods++;
        if (this.#sessions.delete(request.session)) this.options.onEnded?.(request.session, request.room);
        for (const name of Object.keys(this.past) as (keyof ViewerCounters)[]) this.past[name] += viewer.counters[name];
        log.info({ reason, ...viewer.counters }, 'viewer left');
      });
      programme.add(viewer);
      try {
        const answer = await viewer.answer();
        if (closed || programme.closed) throw new AppError('noLiveProgramme', { retryAfterSeconds: 2 });
        const etag = `"${randomBytes(9).toString('base64url')}"`;
        this.#sessions.set(request.session, { id: request.session, etag, iceUfrag: offer.iceUfrag, viewer });
        this.opened++;
        log.info({ rendition: request.rendition, viewers: this.#sessions.size }, 'viewer joined');
        return { answer, etag };
      } catch (error) {
        viewer.close('not answered');
        if (error instanceof AppError) throw error;
        throw new AppError('unacceptableOffer', { detail: 'The offer could not be answered.', cause: error });
      }
    } finally {
      this.#opening--;
    }
  }

  /**
   * Trickle only (RFC 9725 §4.3).
   * @throws AppError sessionNotFound, preconditionRequired, preconditionFailed, malformedSdp, iceRestartUnsupported (the session stays)
   */
  patch(id: SessionId, { fragment, ifMatch }: SessionPatch): void {
    const session = this.#session(id);
    if (!ifMatch) throw new AppError('preconditionRequired');
    const { iceUfrag, candidates } = parseSdpFragment(fragment);
    if (iceUfrag !== undefined && iceUfrag !== session.iceUfrag) throw new AppError('iceRestartUnsupported');
    if (ifMatch !== '*' && ifMatch !== session.etag) throw new AppError('preconditionFailed');
    for (const { candidate, mid } of candidates) session.viewer.addCandidate(candidate, mid);
  }

  /** @throws AppError sessionNotFound */
  setRendition(id: SessionId, rendition: Rendition | 'auto'): void {
    this.#session(id).viewer.setRendition(rendition);
  }

  /** @throws AppError sessionNotFound */
  end(id: SessionId): void {
    this.#session(id).viewer.close('deleted');
  }

  /** Sums over the living and the gone. */
  counters(): ViewerCounters {
    const sum = { ...this.past };
    for (const { viewer } of this.#sessions.values()) for (const name of Object.keys(sum) as (keyof ViewerCounters)[]) sum[name] += viewer.counters[name];
    return sum;
  }

  /** Takes no more viewers, and ends those that are there evenly within `limitMs`: they come back elsewhere one after another. */
  async drain(limitMs: number): Promise<void> {
    this.#draining = true;
    const startedMs = performance.now();
    const sessions = [...this.#sessions.values()];
    for (const [i, { viewer }] of sessions.entries()) {
      const dueMs = startedMs + (limitMs * i) / sessions.length;
      if (dueMs > performance.now()) await delay(dueMs - performance.now());
      viewer.close('edge drains');
    }
  }

  close(): void {
    this.#draining = true;
    for (const { programme } of this.#programmes.values()) programme.close('edge closes');
  }

  /** Makes one when it can. */
  #hasPlace(): boolean {
    if (this.#sessions.size + this.#opening < this.capacity) return true;
    const nowMs = performance.now();
    // The map's order is that of their coming.
    for (const { viewer } of this.#sessions.values()) {
      if (viewer.unmetMs(nowMs) <= UNMET_MS) continue;
      this.displaced++;
      viewer.close('never connected, gave way');
      return true;
    }
    return false;
  }

  #session(id: SessionId): Session {
    const session = this.#sessions.get(id);
    if (!session) throw new AppError('sessionNotFound');
    return session;
  }

  async #programme(room: RoomId): Promise<EdgeProgramme> {
    let entry = this.#programmes.get(room);
    if (!entry) {
      const { config, originAddress, lingerMs } = this.options;
      const subscription = new ProgrammeSubscription({ room, address: () => originAddress(room), secret: config.internalSecret });
      const programme = new EdgeProgramme(room, subscription, lingerMs ?? LINGER_MS);
      const created = { programme, started: programme.start() };
      entry = created;
      this.#programmes.set(room, created);
      programme.once('closed', (reason) => {
        if (this.#programmes.get(room) === created) this.#programmes.delete(room);
        this.options.log.info({ room, reason }, 'programme released');
      });
    }
    await entry.started;
    return entry.programme;
  }

  /**
   * All viewers on one UDP port. In local mode on loopback only. STUN servers are used to learn our own address unless it
   * is configured; relays are the viewers' side of the matter.
   */
  #rtcConfig(): RtcConfig {
    const { edgeUdpPort, iceServers, publicIp, localMode } = this.options.config;
    const stun = iceServers.flatMap(({ urls }) => (Array.isArray(urls) ? urls : [urls])).filter((url) => url.startsWith('stun:'));
    return {
      iceServers: publicIp || localMode ? [] : stun.slice(0, 1),
      enableIceUdpMux: true,
      portRangeBegin: edgeUdpPort,
      portRangeEnd: edgeUdpPort,
      disableAutoNegotiation: true,
      ...(localMode ? { bindAddress: '127.0.0.1' } : {}),
    };
  }
}
