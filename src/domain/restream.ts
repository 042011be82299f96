import type { RestreamId, RoomId } from './ids.ts';
import type { VideoRendition } from './rendition.ts';

export type RestreamStatus = 'connecting' | 'live' | 'reconnecting' | 'failed' | 'stopped';

/** What the API shows. The URL with its key is kept apart (see state/restream-store) and never leaves the service. */
export interface Restream {
  id: RestreamId;
  room: RoomId;
  /** Redacted. */
  url: string;
  rendition: VideoRendition;
  status: RestreamStatus;
  bytesSent: number;
  lastError?: string;
  createdAt: string;
}
