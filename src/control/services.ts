/** The parts of control that routes and reconciler share, put together once. */
import { Authoriser } from './auth/authorise.ts';
import { RateLimit } from './auth/rate-limit.ts';
import { Tokens } from './auth/tokens.ts';
import { ImageCommands } from './commands/image-commands.ts';
import { MixCommands } from './commands/mix-commands.ts';
import { RecordingCommands } from './commands/recording-commands.ts';
import { RestreamCommands } from './commands/restream-commands.ts';
import { RoomChanges } from './commands/room-changes.ts';
import { RoomEnding } from './commands/room-ending.ts';
import { SessionCommands } from './commands/session-commands.ts';
import type { ControlDependencies } from './dependencies.ts';
import { HlsAnswers } from './hls/hls-answers.ts';
import { HlsBroadcasts } from './hls/hls-broadcasts.ts';
import { CachedNodes } from './placement/cached-nodes.ts';
import { CachedRooms } from './placement/cached-rooms.ts';
import { QoeBook } from './qoe/qoe-book.ts';
import { Placement } from './placement/placement.ts';
import { RequestFigures } from './request-figures.ts';

/** Each is told to everybody in the room. */
const CAPTIONS_PER_SECOND = 10;

export interface Services extends ControlDependencies {
  tokens: Tokens;
  authoriser: Authoriser;
  sessionRate: RateLimit;
  /** Of captions, by room. */
  captionRate: RateLimit;
  nodes: CachedNodes;
  cachedRooms: CachedRooms;
  placement: Placement;
  mixes: MixCommands;
  recordings: RecordingCommands;
  restreams: RestreamCommands;
  sessions: SessionCommands;
  changes: RoomChanges;
  images: ImageCommands;
  ending: RoomEnding;
  qoe: QoeBook;
  broadcasts: HlsBroadcasts;
  requests: RequestFigures;
}

export function createServices(dependencies: ControlDependencies): Services {
  const { config, state, nodeClient, queues, files, log } = dependencies;
  const tokens = new Tokens(config.apiKeys);
  const nodes = new CachedNodes(state.nodes);
  const cachedRooms = new CachedRooms(state.rooms);
  const placement = new Placement(nodes, state.rooms);
  const recordings = new RecordingCommands(state, placement, nodeClient, queues);
  const restreams = new RestreamCommands(state, queues);
  const mixes = new MixCommands(state, placement, nodeClient, queues, recordings);
  const sessions = new SessionCommands(state, nodeClient);
  const changes = new RoomChanges(state, cachedRooms);
  return {
    ...dependencies,
    tokens,
    authoriser: new Authoriser(tokens, {
      isOpen: async (room) => (await cachedRooms.get(room))?.access === 'open',
      isKnownToBeOpen: (room) => cachedRooms.known(room)?.access === 'open',
    }),
    sessionRate: new RateLimit({ perSecond: config.sessionRatePerSecond, burst: config.sessionRatePerSecond * 6 }),
    captionRate: new RateLimit({ perSecond: CAPTIONS_PER_SECOND, burst: CAPTIONS_PER_SECOND * 2 }),
    nodes,
    cachedRooms,
    placement,
    mixes,
    recordings,
    restreams,
    sessions,
    changes,
    images: new ImageCommands(state, files, changes, log),
    ending: new RoomEnding(state, placement, nodeClient, mixes, restreams, sessions, files, config.vodSeconds * 1000),
    broadcasts: new HlsBroadcasts(cachedRooms, placement, new HlsAnswers({ nodes, nodeClient, metrics: dependencies.metrics })),
    requests: new RequestFigures(dependencies.metrics),
    qoe: new QoeBook(state.viewers, log, dependencies.metrics),
  };
}
