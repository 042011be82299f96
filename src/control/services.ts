/** The parts of control that routes and reconciler share, put together once. */
import { Authoriser } from './auth/authorise.ts';
import { RateLimit } from './auth/rate-limit.ts';
import { Tokens } from './auth/tokens.ts';
import { MixCommands } from './commands/mix-commands.ts';
import { RecordingCommands } from './commands/recording-commands.ts';
import { RestreamCommands } from './commands/restream-commands.ts';
import { RoomEnding } from './commands/room-ending.ts';
import { SessionCommands } from './commands/session-commands.ts';
import type { ControlDependencies } from './dependencies.ts';
import { CachedNodes } from './placement/cached-nodes.ts';
import { CachedRooms } from './placement/cached-rooms.ts';
import { Placement } from './placement/placement.ts';

export interface Services extends ControlDependencies {
  tokens: Tokens;
  authoriser: Authoriser;
  sessionRate: RateLimit;
  nodes: CachedNodes;
  cachedRooms: CachedRooms;
  placement: Placement;
  mixes: MixCommands;
  recordings: RecordingCommands;
  restreams: RestreamCommands;
  sessions: SessionCommands;
  ending: RoomEnding;
}

export function createServices(dependencies: ControlDependencies): Services {
  const { config, state, nodeClient, queues } = dependencies;
  const tokens = new Tokens(config.apiKeys);
  const nodes = new CachedNodes(state.nodes);
  const cachedRooms = new CachedRooms(state.rooms);
  const placement = new Placement(nodes, state.rooms);
  const recordings = new RecordingCommands(state, placement, nodeClient, queues);
  const restreams = new RestreamCommands(state, queues);
  const mixes = new MixCommands(state, placement, nodeClient, queues, recordings);
  const sessions = new SessionCommands(state, nodeClient);
  return {
    ...dependencies,
    tokens,
    authoriser: new Authoriser(tokens, async (room) => (await cachedRooms.get(room))?.access === 'open'),
    sessionRate: new RateLimit({ perSecond: config.sessionRatePerSecond, burst: config.sessionRatePerSecond * 6 }),
    nodes,
    cachedRooms,
    placement,
    mixes,
    recordings,
    restreams,
    sessions,
    ending: new RoomEnding(state, placement, nodeClient, mixes, restreams, sessions),
  };
}
