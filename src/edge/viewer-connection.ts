/**
 * The peer connection of one viewer, with as few callbacks of the library as will do: each one registered is a handle that the event loop looks at
 * whenever a message of any viewer comes (13 % of an edge with 160 viewers of `low`). So one state change tells of everything, and what happens once
 * (candidates gathered, tracks open) is looked up around that time.
 */
import { PeerConnection, type RtcConfig, type Track } from 'node-datachannel';
import { isUsableCandidate } from '../media/sdp-whep.ts';

const GATHERING_TIMEOUT_MS = 2000;
const LONGEST_LOOK_MS = 50;
/** The library opens tracks right after it tells that it is connected, on a thread of its own. */
const OPEN_LOOKS_MS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500];
const CONNECT_TIMEOUT_MS = 30_000;
const DISCONNECTED_TIMEOUT_MS = 15_000;
const MAX_REMOTE_CANDIDATES = 64;

export class ViewerConnection {
  readonly pc: PeerConnection;
  /** Was so once. */
  connected = false;
  readonly #createdAtMs = performance.now();
  readonly #waiting = new Map<Track, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #disconnectedAtMs: number | undefined;
  #remoteCandidates = 0;
  #closed = false;

  /** @param onEnded of itself; with the reason, for the log */
  constructor(
    rtc: RtcConfig,
    private readonly onEnded: (reason: string) => void,
  ) {
    this.pc = new PeerConnection('viewer', rtc);
    this.pc.onStateChange((state) => {
      if (this.#closed) return;
      if (state === 'connected') {
        this.connected = true;
        this.#disconnectedAtMs = undefined;
        this.#lookForOpen(0);
      } else if (state === 'disconnected') this.#disconnectedAtMs ??= performance.now();
      else if (state === 'failed' || state === 'closed') this.onEnded(state);
    });
  }

  /** For how long it has been answered without having come; 0 from its first connection on. */
  unmetMs(nowMs: number): number {
    return this.connected ? 0 : nowMs - this.#createdAtMs;
  }

  /** Calls once when the track can send. */
  whenOpen(track: Track, opened: () => void): void {
    this.#waiting.set(track, opened);
  }

  /**
   * The answer to the description and tracks that were given, with all candidates.
   * @throws Error when the library has none
   */
  async answer(): Promise<string> {
    this.pc.setLocalDescription('answer');
    const untilMs = performance.now() + GATHERING_TIMEOUT_MS;
    for (let waitMs = 1; this.pc.gatheringState() !== 'complete' && performance.now() < untilMs && !this.#closed; waitMs = Math.min(2 * waitMs, LONGEST_LOOK_MS))
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    const local = this.#closed ? null : this.pc.localDescription();
    if (!local) throw new Error('no local description');
    return local.sdp;
  }

  /** @returns false when it was passed over */
  addCandidate(candidate: string, mid: string): boolean {
    if (this.#closed || !isUsableCandidate(candidate) || ++this.#remoteCandidates > MAX_REMOTE_CANDIDATES) return false;
    try {
      this.pc.addRemoteCandidate(candidate, mid);
      return true;
    } catch {
      return false;
    }
  }

  /** Why it is to be given up, if it is. To be asked a few times a second. */
  overdue(nowMs: number): string | undefined {
    if (!this.connected && nowMs - this.#createdAtMs > CONNECT_TIMEOUT_MS) return 'never connected';
    if (this.#disconnectedAtMs === undefined || nowMs - this.#disconnectedAtMs <= DISCONNECTED_TIMEOUT_MS) return undefined;
    // The library's state does not become `connected` a second time; that of ICE does.
    const ice = this.pc.iceState();
    if (ice !== 'connected' && ice !== 'completed') return 'disconnected';
    this.#disconnectedAtMs = undefined;
    return undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    try {
      this.pc.close();
    } catch {
      // closed already
    }
  }

  #lookForOpen(look: number): void {
    clearTimeout(this.#timer);
    for (const [track, opened] of [...this.#waiting]) {
      if (this.#closed || !track.isOpen()) continue;
      this.#waiting.delete(track);
      opened();
    }
    const nextMs = OPEN_LOOKS_MS[look];
    if (this.#closed || this.#waiting.size === 0) return;
    if (nextMs === undefined) this.onEnded('tracks did not open');
    else this.#timer = setTimeout(() => this.#lookForOpen(look + 1), nextMs);
  }
}
