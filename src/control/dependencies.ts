/** What the API needs from outside; workers/control.ts puts it together. */
import type { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { ByteRange, ObjectRead, PresignOptions, PutOptions } from '../storage/object-store.ts';
import type { NodeClient } from '../node-api/client.ts';
import type { Logger } from '../observability/logger.ts';
import type { Queues } from '../queue/queues.ts';
import type { EventPublisher } from '../state/events.ts';
import type { NodeRegistry } from '../state/node-registry.ts';
import type { ParticipantStore } from '../state/participant-store.ts';
import type { RecordingStore } from '../state/recording-store.ts';
import type { Redis } from '../state/redis.ts';
import type { RestreamStore } from '../state/restream-store.ts';
import type { RoomStore } from '../state/room-store.ts';
import type { SessionStore } from '../state/session-store.ts';
import type { ViewerStore } from '../state/viewer-store.ts';

/** The part of the object store that control reads from and deletes in. */
export interface RecordedFiles {
  get(key: string, range?: ByteRange): Promise<ObjectRead | undefined>;
  presignGet(key: string, options: PresignOptions): Promise<string | undefined>;
  deletePrefix(prefix: string): Promise<number>;
}

/** The part of the object store where control keeps the pictures of rooms. */
export interface ImageFiles {
  put(key: string, body: Buffer, options: PutOptions): Promise<unknown>;
  get(key: string): Promise<ObjectRead | undefined>;
  delete(key: string): Promise<void>;
  deletePrefix(prefix: string): Promise<number>;
}

export interface State {
  redis: Redis;
  rooms: RoomStore;
  participants: ParticipantStore;
  sessions: SessionStore;
  recordings: RecordingStore;
  restreams: RestreamStore;
  viewers: ViewerStore;
  nodes: NodeRegistry;
  events: EventPublisher;
}

export interface ControlDependencies {
  config: Config;
  log: Logger;
  state: State;
  queues: Queues;
  nodeClient: NodeClient;
  files: RecordedFiles & ImageFiles;
  metrics: Registry;
  /** Where the built pages are. */
  webDir: string;
}
