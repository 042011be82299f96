/**
 * Reads a room's feeds: the socket for what happens, the frame rings for the pixels. Reconnects for as long as it lives:
 * while ingest is away there are no feeds and no sound, and the mix goes on without them.
 */
import { createConnection, type Socket } from 'node:net';
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import { decodePcm, FEED_FRAME, type FeedHello, type FeedInfo, type ParticipantInfo, type PcmBlock } from '../media/feed-protocol.ts';
import { FrameRingReader, type RingFrame } from '../media/frame-ring.ts';
import { FrameReader } from '../media/framing.ts';

const RECONNECT_MS = 200;
/** The rings are looked at so often: a ring's sequence number is the notice of a new picture. */
const LOOK_MS = 5;

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
  /** The last one read; those between it and the newest are skipped. */
  sequence: bigint;
  lastPtsNs: bigint;
}

export class FeedClient {
  /** Pictures that were overwritten, torn or too close to the one before. */
  skipped = 0;
  readonly #byIndex = new Map<number, Known>();
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param minGapNs pictures of one feed that come closer together are skipped: more than the programme shows */
  constructor(
    private readonly path: string,
    private readonly minGapNs: bigint,
    private readonly events: FeedClientEvents,
  ) {}

  start(): void {
    this.#connect();
    this.#look = setInterval(() => this.#readNewest(), LOOK_MS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#look);
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
      this.#byIndex.set(info.index, { info, ring: openRing(info.ring), sequence: 0n, lastPtsNs: 0n });
    }
    this.events.feedAdded(info);
  }

  #readNewest(): void {
    for (const known of this.#byIndex.values()) {
      known.ring ??= openRing(known.info.ring);
      const newest = known.ring?.newest() ?? 0n;
      if (newest === known.sequence) continue;
      this.skipped += Number(newest - known.sequence) - 1;
      known.sequence = newest;
      const frame = known.ring?.read(newest);
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
