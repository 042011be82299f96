/**
 * Follows a room's feeds over the room's feed socket: who is there, and the sound. Pictures are read by the canvas. Reconnects for as
 * long as it lives: while ingest is away there are no feeds and no sound, and the mix goes on without them.
 */
import { createConnection, type Socket } from 'node:net';
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import { decodePcm, FEED_FRAME, type FeedHello, type FeedInfo, type ParticipantInfo, type PcmBlock } from '../media/feed-protocol.ts';
import { FrameReader } from '../media/framing.ts';

const RECONNECT_MS = 200;

export interface FeedClientEvents {
  connected: (hello: FeedHello) => void;
  /** Also called again for a feed whose details changed. */
  feedAdded: (feed: FeedInfo) => void;
  feedRemoved: (feed: FeedId) => void;
  participantChanged: (participant: ParticipantInfo) => void;
  speakerChanged: (participant: ParticipantId | undefined) => void;
  soundArrived: (block: PcmBlock) => void;
  disconnected: () => void;
}

export class FeedClient {
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly path: string,
    private readonly events: FeedClientEvents,
  ) {}

  start(): void {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
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
      if (open && !this.#closed) this.events.disconnected();
      if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #take(type: number, payload: Buffer): void {
    switch (type) {
      case FEED_FRAME.hello:
        return this.events.connected(JSON.parse(payload.toString()) as FeedHello);
      case FEED_FRAME.feedAdded:
        return this.events.feedAdded(JSON.parse(payload.toString()) as FeedInfo);
      case FEED_FRAME.feedRemoved:
        return this.events.feedRemoved((JSON.parse(payload.toString()) as { feed: FeedId }).feed);
      case FEED_FRAME.participant:
        return this.events.participantChanged(JSON.parse(payload.toString()) as ParticipantInfo);
      case FEED_FRAME.speaker:
        return this.events.speakerChanged((JSON.parse(payload.toString()) as { participant?: ParticipantId }).participant);
      case FEED_FRAME.pcm:
        return this.events.soundArrived(decodePcm(payload));
      default: // a newer ingest may say more than we know
    }
  }
}
