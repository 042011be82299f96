/** Stands in for an origin: serves `/tail/{room}/{rendition}` at the pace of real time, and says when its programme is over. */
import type { ServerResponse } from 'node:http';
import { pino } from 'pino';
import type { RoomId } from '../../src/domain/ids.ts';
import type { ProgrammeState } from '../../src/node-api/contract.ts';
import { handled, NodeServer } from '../../src/node-api/server.ts';
import type { FragmentedProgramme } from './fragmented-programme.ts';

export interface PacedTail {
  /** For a node's record. */
  url: string;
  connections(): number;
  /** Ends all tails in order, as an origin does when its programme is over. */
  endProgramme(): void;
  /** Cuts all tails, as an origin does that is killed. */
  cut(): void;
  close(): Promise<void>;
}

export async function startPacedTail(runDir: string, programme: FragmentedProgramme, partMs: number): Promise<PacedTail> {
  const open = new Set<ServerResponse>();
  let ended = false;
  const server = new NodeServer({ config: { runDir, internalHost: undefined, internalSecret: undefined }, role: 'origin', log: pino({ level: 'silent' }) });
  server.get('/tail/:room/:rendition', ({ response }) => {
    response.writeHead(200, { 'content-type': 'video/mp4' });
    response.write(programme.init);
    let next = 0;
    const write = (): void => {
      const fragment = programme.fragments[next++];
      if (fragment) response.write(fragment);
      else response.end();
    };
    write();
    const timer = setInterval(write, partMs);
    open.add(response);
    response.once('close', () => {
      clearInterval(timer);
      open.delete(response);
    });
    return handled;
  });
  server.get('/programmes/:room', ({ params }) => {
    const state: ProgrammeState = { room: params['room'] as RoomId, epoch: 1, live: !ended, ended, mediaSequence: 0, durationMs: 0, gaps: [] };
    return state;
  });
  const url = await server.start();
  return {
    url,
    connections: () => open.size,
    endProgramme: () => {
      ended = true;
      for (const response of open) response.end();
    },
    cut: () => {
      for (const response of open) response.destroy();
    },
    close: () => server.close(0),
  };
}
