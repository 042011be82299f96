/** What one WHIP session publishes: its connection, its pictures, its sound and its way back. */
import type { FeedId, ParticipantId, SessionId } from '../domain/ids.ts';
import type { Publication as PublicationFacts, SourceKind } from '../domain/room.ts';
import type { FeedInfo } from '../media/feed-protocol.ts';
import type { BusListener } from './audio-bus.ts';
import type { BusSource } from './bus-source.ts';
import type { PictureFeed } from './picture-feed.ts';
import type { WhipSession } from './whip-session.ts';

export interface Publication {
  session: SessionId;
  participant: ParticipantId;
  source: SourceKind;
  feed: FeedId;
  index: number;
  joinedAtNs: bigint;
  connection: WhipSession;
  pictures: PictureFeed | undefined;
  sound: BusSource | undefined;
  listener: BusListener | undefined;
}

export function feedInfo(publication: Publication, name: string): FeedInfo {
  return {
    feed: publication.feed,
    index: publication.index,
    participant: publication.participant,
    name,
    source: publication.source,
    ring: publication.pictures?.ring ?? '',
    video: publication.pictures?.video ?? false,
    audio: publication.sound !== undefined,
    ...(publication.pictures?.aspect === undefined ? {} : { aspect: publication.pictures.aspect }),
    joinedAtNs: String(publication.joinedAtNs),
  };
}

export function publicationFacts(publication: Publication): PublicationFacts {
  const { pictures } = publication;
  return {
    source: publication.source,
    feed: publication.feed,
    audio: publication.sound !== undefined,
    video: pictures?.video ?? false,
    ...(pictures?.video ? { width: pictures.width, height: pictures.height } : {}),
  };
}
