/** What the lint has seen of a programme, for the rules to judge. Times are ms since it began. */
import type { InitFacts, PartFacts } from './media-facts.ts';
import type { MediaPlaylist, MultivariantPlaylist } from './playlist-text.ts';

export interface Exchange {
  url: string;
  askedAtMs: number;
  /** The answer's head was here. */
  headAtMs: number;
  answeredAtMs: number;
  /** 0: no answer. */
  status: number;
  headers: Readonly<Record<string, string>>;
  bytes: number;
}

export interface PlaylistAnswer extends Exchange {
  /** Asked for by delivery directives. */
  want?: { msn: number; part: number };
  skip: boolean;
  /** As sent. */
  raw: MediaPlaylist;
  /** With what a delta update left out. */
  playlist: MediaPlaylist;
}

export interface RenditionObserved {
  /** As the multivariant playlist names it. */
  uri: string;
  answers: PlaylistAnswer[];
  inits: Map<string, InitFacts>;
  /** By URI. */
  parts: Map<string, PartFacts>;
  /** Whole segments compared with their parts. */
  segments: { uri: string; bytesOfParts: number; same: boolean }[];
  /** Hinted parts, asked for as soon as they were hinted. */
  hints: (Exchange & { uri: string })[];
  media: Exchange[];
  /** Segments right after they left the playlist, and some again when they may soon be gone. */
  removed: Exchange[];
  /** How many were asked for again. */
  removedLater: number;
  /** What could not be read at all. */
  failures: string[];
  /** Requests not answered while the service was known to be away. */
  excused: number;
}

/** Requests made to see what a certain answer is. */
export interface Probe extends Exchange {
  name: 'partWithoutMsn' | 'tooFar' | 'old' | 'identity';
}

export interface Observed {
  url: string;
  multivariant: (Exchange & { playlist: MultivariantPlaylist })[];
  renditions: RenditionObserved[];
  probes: Probe[];
}
