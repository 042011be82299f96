/**
 * Reads a room's feeds: the socket for what happens, the frame rings for the pixels. Reconnects for as long as it lives:
 * while ingest is away there are no feeds and no sound, and the mix goes on without them.
 */
import { createConnection, type Socket } from 'node:net';
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import { decodeFrameNotice, decodePcm, FEED_FRAME, type FeedHello, type FeedInfo, type ParticipantInfo, type PcmBlock } from '../media/feed-protocol.ts';
import { FrameRingReader, type RingFrame } from '../media/frame-ring.ts';
import { FrameReader } from '../media/framing.ts';

const RECONNECT_MS = 200;

export interface FeedClientEvents {
  connected: (hello: FeedHello) => void;
  /** Also called again for a feed whose details changed. */
  feedAdded: (feed: FeedInfo) => void;
  feedRemoved: (feed: FeedId) => void;
  participantChanged: (participant: ParticipantInfo) => void;
  speakerChanged: (participant: ParticipantId | undefined) => void;
  /** The newest picture of a feed; its pixels are valid only until the callback returns. */
  pictureArrived: (feed: FeedId, frame: RingFrame) => void;
  soundArrived: (block: PcmBlock) => void;
  disconnected: () => void;
}

interface Known {
  info: FeedInfo;
  ring: FrameRingReader | undefined;
  /** Newest one announced and not read yet; older ones are skipped. */
  pending: bigint;
  lastPtsNs: bigint;
}

export class FeedClient {
  /** Pictures that were overwritten, torn or too close to the one before. */
  skipped = 0;
  readonly #byIndex = new Map<number, Known>();
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #flushing = false;
  #closed = false;

  /** @param minGapNs pictures of one feed that come closer together are skipped: more than the programme shows */
  constructor(
    private readonly path: string,
    private readonly minGapNs: bigint,
    private readonly events: FeedClientEvents,
  ) {}

  start(): void {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#forgetAll();
  }

  #connect(): void {
    if (this.#closed) return;
    const socket = createConnection(this.path);
    this.#socket = socket;
    const reader = new FrameReader((type, payload) => this.#take(type, payload));
    let open = false;
    socket.on('connect', () => (open = true));
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        socket.destroy(); // a broken peer: connect anew
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.#forgetAll();
      if (open && !this.#closed) this.events.disconnected();
      if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #take(type: number, payload: Buffer): void {
    switch (type) {
      case FEED_FRAME.hello:
        return this.events.connected(JSON.parse(payload.toString()) as FeedHello);
      case FEED_FRAME.feedAdded:
        return this.#add(JSON.parse(payload.toString()) as FeedInfo);
      case FEED_FRAME.feedRemoved: {
        const { feed } = JSON.parse(payload.toString()) as { feed: FeedId };
        for (const [index, known] of this.#byIndex)
          if (known.info.feed === feed) {
            known.ring?.close();
            this.#byIndex.delete(index);
          }
        return this.events.feedRemoved(feed);
      }
      case FEED_FRAME.participant:
        return this.events.participantChanged(JSON.parse(payload.toString()) as ParticipantInfo);
      case FEED_FRAME.speaker:
        return this.events.speakerChanged((JSON.parse(payload.toString()) as { participant?: ParticipantId }).participant);
      case FEED_FRAME.frameNotice: {
        const notice = decodeFrameNotice(payload);
        const known = this.#byIndex.get(notice.index);
        if (!known) return;
        if (known.pending !== 0n) this.skipped++;
        known.pending = notice.sequence;
        if (!this.#flushing) {
          this.#flushing = true;
          // after all that has arrived was read: a backlog then costs one picture per feed, not all of them
          setImmediate(() => this.#flush());
        }
        return;
      }
      case FEED_FRAME.pcm:
        return this.events.soundArrived(decodePcm(payload));
      default: // a newer ingest may say more than we know
    }
  }

  #add(info: FeedInfo): void {
    const before = this.#byIndex.get(info.index);
    if (before && before.info.ring === info.ring && before.ring) before.info = info;
    else {
      before?.ring?.close();
      this.#byIndex.set(info.index, { info, ring: openRing(info.ring), pending: 0n, lastPtsNs: 0n });
    }
    this.events.feedAdded(info);
  }

  #flush(): void {
    this.#flushing = false;
    for (const known of this.#byIndex.values()) {
      if (known.pending === 0n) continue;
      const wanted = known.pending;
      known.pending = 0n;
      known.ring ??= openRing(known.info.ring);
      const frame = known.ring?.read(wanted) ?? known.ring?.read(known.ring.newest());
      if (!frame || frame.ptsNs - known.lastPtsNs < this.minGapNs) {
        this.skipped++;
        continue;
      }
      known.lastPtsNs = frame.ptsNs;
      this.events.pictureArrived(known.info.feed, frame);
    }
  }

  #forgetAll(): void {
    for (const known of this.#byIndex.values()) known.ring?.close();
    this.#byIndex.clear();
  }
}

/** Only rings of ours: the path comes over a socket. A missing one may appear later. */
function openRing(path: string): FrameRingReader | undefined {
  if (!/^\/dev\/shm\/tessera-[A-Za-z0-9_-]+$/.test(path)) return undefined;
  try {
    return new FrameRingReader(path);
  } catch {
    return undefined;
  }
}
