import type { ParticipantId } from '../domain/ids.ts';
import type { Role, SourceKind } from '../domain/room.ts';
import type { ParticipantInfo } from '../media/feed-protocol.ts';
import type { ParticipantCommand } from '../node-api/contract.ts';
import { publicationFacts, type Publication } from './publication.ts';
import type { ParticipantFacts } from './room-messages.ts';

/** Somebody in the room, with what a host set for them and what they publish. */
export class RoomParticipant {
  readonly publications = new Map<SourceKind, Publication>();
  readonly joinedAt = new Date().toISOString();
  readonly joinedAtNs = process.hrtime.bigint();
  audioMuted = false;
  videoHidden = false;
  /** By themselves. Their sound is silent already, so only the mark in the mix depends on it. */
  microphoneOff = false;
  pinned = false;
  gain = 1;

  constructor(
    readonly id: ParticipantId,
    public name: string,
    public role: Role,
  ) {}

  apply(patch: ParticipantCommand): void {
    if (patch.audioMuted !== undefined) this.audioMuted = patch.audioMuted;
    if (patch.videoHidden !== undefined) this.videoHidden = patch.videoHidden;
    if (patch.microphoneOff !== undefined) this.microphoneOff = patch.microphoneOff;
    if (patch.pinned !== undefined) this.pinned = patch.pinned;
    if (patch.role !== undefined) this.role = patch.role;
    if (patch.gain !== undefined && Number.isFinite(patch.gain)) this.gain = Math.min(4, Math.max(0, patch.gain));
    for (const publication of this.publications.values()) this.applyGain(publication);
  }

  applyGain({ sound }: Publication): void {
    if (sound) sound.gain = this.audioMuted ? 0 : this.gain;
  }

  get info(): ParticipantInfo {
    const { id, name, audioMuted, microphoneOff, videoHidden, pinned } = this;
    return { participant: id, name, audioMuted, microphoneOff, videoHidden, pinned };
  }

  get facts(): ParticipantFacts {
    return { id: this.id, name: this.name, role: this.role, joinedAt: this.joinedAt, publications: [...this.publications.values()].map(publicationFacts) };
  }
}
