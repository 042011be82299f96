import { ApiError } from '../api/api-error.ts';
import { nextStep } from './retry-policy.ts';
import { endSession, openSession } from './session-request.ts';

/**
 * `waiting`: the room has no live mix yet. `reconnecting`: it worked before, or the service is away; it tries again by itself.
 * `failed` and `closed` are final.
 */
export type LinkState = 'connecting' | 'waiting' | 'live' | 'reconnecting' | 'failed' | 'closed';

export interface LinkEvents {
  stateChanged?: (state: LinkState, error?: unknown) => void;
  trackReceived?: (event: RTCTrackEvent) => void;
}

export interface LinkOptions {
  /** Read before each attempt. */
  readonly endpoint: string;
  /** Asked before each attempt, so that an expired token is not used again. */
  token: () => Promise<string | undefined>;
  events: LinkEvents;
}

/** Candidates beyond this are not worth waiting for: on a LAN all are there within 50 ms, and the server sends all of its own. */
const GATHERING_MS = 1_000;
/** From the answer to a working connection. */
const CONNECT_MS = 12_000;
/** The same when the answer named relays that this offer did not have: where only they help, the next offer with them comes soon. */
const CONNECT_WITHOUT_RELAY_MS = 4_000;
/** `disconnected` may heal by itself; Chromium says it after about 5 s of silence. */
const DISCONNECTED_MS = 2_500;

/**
 * One WHIP or WHEP session that is made again when it is lost. The offer goes out whole (no trickle), the answer holds
 * everything; a lost connection is answered by a new POST, not by an ICE restart, which WHEP servers may refuse.
 */
export abstract class PeerLink {
  #abort = new AbortController();
  #state: LinkState = 'connecting';
  #session: { resource: string; token: string | undefined } | undefined;
  #giveUp: (() => void) | undefined;
  #iceServers: RTCIceServer[] = [];
  #wake: (() => void) | undefined;
  #onPageHide = (): void => this.#endSession();
  #onOnline = (): void => this.#wake?.();
  protected peer: RTCPeerConnection | undefined;

  constructor(protected readonly options: LinkOptions) {}

  get state(): LinkState {
    return this.#state;
  }

  /** Statistics of the present connection; empty between two. */
  async stats(): Promise<RTCStatsReport | undefined> {
    return this.peer?.getStats();
  }

  /** The service has agreed to the present attempt, or it has succeeded. */
  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  /** The open session and the token it was opened with. */
  protected get session(): { resource: string; token: string | undefined } | undefined {
    return this.#session;
  }

  /** Adds the transceivers to a new connection. */
  protected abstract prepare(peer: RTCPeerConnection): void;

  /** What the browser has no other way to be told, written into its offer. */
  protected adjustOffer(sdp: string): string {
    return sdp;
  }

  /** The same for the service's answer. */
  protected adjustAnswer(sdp: string): string {
    return sdp;
  }

  start(): void {
    window.addEventListener('pagehide', this.#onPageHide);
    window.addEventListener('online', this.#onOnline);
    void this.#run();
  }

  /** What it waits for may be there now: tries again without waiting for the pause to end. */
  retryNow(): void {
    this.#wake?.();
  }

  /** The service says that this session is gone: a new one at once, without waiting for the connection's own timeout of about 8 s. */
  renew(): void {
    this.#giveUp?.();
  }

  /** Ends the session at the server too. Idempotent. */
  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#release();
    this.#set('closed');
  }

  async #run(): Promise<void> {
    const signal = this.#abort.signal;
    let failures = 0;
    let wasLive = false;
    while (!signal.aborted) {
      try {
        const peer = await this.#connect(signal);
        failures = 0;
        wasLive = true;
        this.#set('live');
        await Promise.race([lost(peer, DISCONNECTED_MS, signal), new Promise<void>((resolve) => (this.#giveUp = resolve))]);
        if (signal.aborted) return;
        this.#closePeer();
        this.#set('reconnecting');
      } catch (error) {
        if (signal.aborted) return;
        this.#closePeer();
        const next = nextStep(error, failures, Math.random());
        failures += 1;
        if (!next.again) {
          this.#release();
          this.#set('failed', error);
          return;
        }
        this.#set(wasLive ? 'reconnecting' : next.waiting ? 'waiting' : failures > 1 ? 'reconnecting' : 'connecting', error);
        await this.#pause(next.afterMs);
      }
    }
  }

  async #connect(signal: AbortSignal): Promise<RTCPeerConnection> {
    const token = await this.options.token();
    signal.throwIfAborted();
    const peer = new RTCPeerConnection({ iceServers: this.#iceServers, bundlePolicy: 'max-bundle' });
    this.peer = peer;
    peer.addEventListener('track', (event) => this.options.events.trackReceived?.(event));
    this.prepare(peer);
    const offer = await peer.createOffer();
    await peer.setLocalDescription({ type: 'offer', sdp: this.adjustOffer(offer.sdp ?? '') });
    await gathered(peer, GATHERING_MS);
    const opened = await openSession(this.options.endpoint, token, peer.localDescription?.sdp ?? '', signal);
    this.#session = { resource: opened.resource, token };
    // they come with the answer, too late for this offer: the next attempt has them, should this one fail
    const withoutRelay = hasRelay(opened.iceServers) && !hasRelay(this.#iceServers);
    if (opened.iceServers.length > 0) this.#iceServers = opened.iceServers;
    if (signal.aborted) {
      this.#endSession();
      signal.throwIfAborted();
    }
    await peer.setRemoteDescription({ type: 'answer', sdp: this.adjustAnswer(opened.answer) });
    await connected(peer, withoutRelay ? CONNECT_WITHOUT_RELAY_MS : CONNECT_MS, signal);
    return peer;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const signal = this.#abort.signal;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      this.#wake = done;
      signal.addEventListener('abort', done);
    });
  }

  #set(state: LinkState, error?: unknown): void {
    if (this.#state === 'closed') return;
    this.#state = state;
    this.options.events.stateChanged?.(state, error);
  }

  #endSession(): void {
    const session = this.#session;
    this.#session = undefined;
    if (session) endSession(session.resource, session.token);
  }

  #closePeer(): void {
    this.#endSession();
    this.peer?.close();
    this.peer = undefined;
  }

  #release(): void {
    window.removeEventListener('pagehide', this.#onPageHide);
    window.removeEventListener('online', this.#onOnline);
    this.#closePeer();
  }
}

function hasRelay(servers: readonly RTCIceServer[]): boolean {
  return servers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
}

function gathered(peer: RTCPeerConnection, atMostMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (peer.iceGatheringState === 'complete') return resolve();
    const timer = setTimeout(resolve, atMostMs);
    peer.addEventListener('icegatheringstatechange', () => {
      if (peer.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    });
  });
}

function connected(peer: RTCPeerConnection, atMostMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => end(new ApiError(0, 'connectFailed', 'The media connection could not be made. A firewall may be in the way.'));
    const timer = setTimeout(fail, atMostMs);
    const end = (error?: unknown): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      peer.removeEventListener('connectionstatechange', changed);
      if (error) reject(error);
      else resolve();
    };
    const aborted = (): void => end(signal.reason);
    const changed = (): void => {
      if (peer.connectionState === 'connected') end();
      else if (peer.connectionState === 'failed' || peer.connectionState === 'closed') fail();
    };
    signal.addEventListener('abort', aborted);
    peer.addEventListener('connectionstatechange', changed);
    changed();
  });
}

function lost(peer: RTCPeerConnection, patienceMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = (): void => {
      clearTimeout(timer);
      if (peer.connectionState === 'failed' || peer.connectionState === 'closed') resolve();
      else if (peer.connectionState === 'disconnected') timer = setTimeout(resolve, patienceMs);
    };
    peer.addEventListener('connectionstatechange', changed);
    // close() on this side fires no event
    signal.addEventListener('abort', () => resolve(), { once: true });
    changed();
  });
}
