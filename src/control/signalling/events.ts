/**
 * The Socket.IO event map (http-api.md, "Events"): types only, shared with the pages.
 * Connect with `io({ auth: { token, room } })`; `room` may be left out when the token names one. An open room needs no token.
 * A refused connection fires `connect_error` with `data: {code, title, detail?}`.
 */
import type { CaptionLine, LayoutChoice, Participant } from '../../domain/room.ts';
import type { UplinkWish } from '../../domain/uplink.ts';
import type { Restream } from '../../domain/restream.ts';
import type { RecordingView, RoomView } from '../api/views.ts';

export interface ChatMessage {
  id: string;
  /** Identity of the sender. */
  from: string;
  name: string;
  text: string;
  /** ISO 8601. */
  at: string;
}

export interface Reaction {
  from: string;
  name: string;
  emoji: string;
  at: string;
}

export interface HandRaised {
  participant: string;
  name: string;
  raised: boolean;
  at: string;
}

/** The whole picture: sent on joining and whenever the room or its mix changed. */
export interface RoomSnapshot {
  room: RoomView;
  participants: Participant[];
  activeSpeaker: string | null;
  /** History, oldest first; only in the first snapshot after joining. */
  chat?: ChatMessage[];
}

export interface RoomStats {
  /** dBFS per participant. */
  levels: Record<string, number>;
}

export type Acknowledgement = { ok: true } | { ok: false; code: string; title: string; detail?: string };

export interface ServerToClientEvents {
  room: (snapshot: RoomSnapshot) => void;
  /** The room has ended; the server disconnects right after. */
  roomEnded: () => void;
  participantJoined: (participant: Participant) => void;
  participantUpdated: (participant: Participant) => void;
  participantLeft: (participant: { id: string }) => void;
  /** Only to the participant whom a host has removed: do not publish again by yourself. */
  removed: () => void;
  activeSpeaker: (speaker: { participant: string | null }) => void;
  layout: (layout: LayoutChoice) => void;
  chat: (message: ChatMessage) => void;
  reaction: (reaction: Reaction) => void;
  handRaised: (hand: HandRaised) => void;
  /** Hosts and operators get the whole recording; others get it without files and report. */
  recording: (recording: RecordingView) => void;
  /** To hosts and operators only. */
  restream: (restream: Restream) => void;
  stats: (stats: RoomStats) => void;
  /** To a publisher only: what it should send now, per source. On connecting and whenever it changes. */
  uplink: (wishes: UplinkWish[]) => void;
  caption: (caption: CaptionLine) => void;
}

export interface ClientToServerEvents {
  chat: (message: { text: string }, acknowledge: (result: Acknowledgement) => void) => void;
  reaction: (reaction: { emoji: string }, acknowledge: (result: Acknowledgement) => void) => void;
  raiseHand: (hand: { raised: boolean }, acknowledge: (result: Acknowledgement) => void) => void;
  /** From a publisher, once it publishes: whether it has its own microphone on. The mix marks who has it off; their sound is theirs to silence. */
  microphone: (microphone: { on: boolean }, acknowledge: (result: Acknowledgement) => void) => void;
}
