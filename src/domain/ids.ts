/**
 * Identifiers. Every name a caller may choose matches {@link NAME_PATTERN}, so an id can be put into a path,
 * a Redis key or a socket name as it is (conformance.md, "Names").
 */
declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

export type RoomId = Branded<'RoomId'>;
/** Identity of a participant within a room: the token's `sub`. */
export type ParticipantId = Branded<'ParticipantId'>;
/** One publication's stream of pictures and sound inside the room's host: `<participant>-<source>-<n>`. */
export type FeedId = Branded<'FeedId'>;
export type RecordingId = Branded<'RecordingId'>;
export type RestreamId = Branded<'RestreamId'>;
/** Unguessable id of a WHIP or WHEP session; the last path segment of its `Location`. */
export type SessionId = Branded<'SessionId'>;
export type NodeId = Branded<'NodeId'>;

export const NAME_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}
