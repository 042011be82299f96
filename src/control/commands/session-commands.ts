/** Ending viewers' sessions from this side: their edge is told, their records go. */
import type { NodeClient } from '../../node-api/client.ts';
import { NODE_PATHS } from '../../node-api/contract.ts';
import type { SessionRecord } from '../../state/session-store.ts';
import type { State } from '../dependencies.ts';

/** An edge that hangs must not hold up the end of a room with hundreds of viewers. */
const AT_ONCE = 50;
const TIMEOUT_MS = 2000;

export class SessionCommands {
  constructor(
    private readonly state: Pick<State, 'sessions'>,
    private readonly nodeClient: NodeClient,
  ) {}

  /** Publications are their ingest's to end; of them only the record goes. What an edge cannot be told it notices with the programme's end. */
  async end(sessions: readonly SessionRecord[]): Promise<void> {
    for (let at = 0; at < sessions.length; at += AT_ONCE) await Promise.all(sessions.slice(at, at + AT_ONCE).map((session) => this.#end(session)));
  }

  async #end(session: SessionRecord): Promise<void> {
    if (session.kind === 'whep') await this.nodeClient.call(session.nodeUrl, 'DELETE', NODE_PATHS.session(session.id), undefined, TIMEOUT_MS).catch(() => undefined);
    await this.state.sessions.remove(session);
  }
}
