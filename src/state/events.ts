import type { ParticipantId, RecordingId, RestreamId, RoomId } from '../domain/ids.ts';
import type { CaptionLine } from '../domain/room.ts';
import type { UplinkWish } from '../domain/uplink.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/**
 * What happened, told to every process through one Redis channel, and levels to those that want them through another. Events are
 * hints: whoever needs the truth reads the store, and the reconciler catches what was missed.
 */
export type ServiceEvent =
  /** The room document changed (layout, overlays, name…) or was created. */
  | { type: 'roomChanged'; room: RoomId }
  | { type: 'roomDeleted'; room: RoomId }
  | { type: 'mixChanged'; room: RoomId }
  | { type: 'mixWantedChanged'; room: RoomId }
  | { type: 'participantJoined' | 'participantUpdated' | 'participantLeft'; room: RoomId; participant: ParticipantId }
  /** A host asked for it; the participant's own page must not come back by itself. */
  | { type: 'participantRemoved'; room: RoomId; participant: ParticipantId }
  | { type: 'activeSpeaker'; room: RoomId; participant?: ParticipantId }
  /** dBFS per participant, at most four times a second. */
  | { type: 'levels'; room: RoomId; levels: Record<ParticipantId, number> }
  | { type: 'recordingChanged'; room: RoomId; recording: RecordingId }
  | { type: 'restreamChanged'; room: RoomId; restream: RestreamId }
  /** What publishers should send: also kept in the store, for who connects later. */
  | { type: 'uplinkChanged'; room: RoomId; wishes: Record<ParticipantId, UplinkWish[]> }
  | { type: 'caption'; room: RoomId; caption: CaptionLine }
  /** Chat and the like, between control processes. */
  | { type: 'signal'; room: RoomId; name: 'chat' | 'reaction' | 'handRaised'; data: unknown };

export class EventPublisher {
  constructor(private readonly redis: Redis) {}

  /** Never throws: an event that cannot be sent is only a lost hint. */
  publish(event: ServiceEvent): void {
    this.redis.publish(event.type === 'levels' ? keys.levels : keys.events, JSON.stringify(event)).catch(() => undefined);
  }
}

export interface SubscriberOptions {
  /** Called whenever the subscription is (again) complete: read the stores then. */
  onResumed?: () => void;
  /** Levels too: three messages a second of each room, which would wake processes that have no use for them. */
  levels?: boolean;
}

/** Subscribes on a connection of its own. */
export class EventSubscriber {
  readonly #redis: Redis;

  constructor(redis: Redis, onEvent: (event: ServiceEvent) => void, { onResumed = () => undefined, levels = false }: SubscriberOptions = {}) {
    this.#redis = redis.duplicate({ maxRetriesPerRequest: null });
    this.#redis.on('error', () => undefined);
    this.#redis.on('message', (_channel, text) => {
      try {
        onEvent(JSON.parse(text) as ServiceEvent);
      } catch {
        // not ours
      }
    });
    this.#redis.on('ready', () => {
      this.#redis.subscribe(keys.events, ...(levels ? [keys.levels] : [])).then(onResumed, () => undefined);
    });
  }

  close(): void {
    this.#redis.disconnect();
  }
}
