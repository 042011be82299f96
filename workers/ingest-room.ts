/** One room's ingest: child of workers/ingest.ts, started warm and given its room over IPC. Ends hard with its parent. */
import { loadConfig } from '../src/config/config.ts';
import { AppError } from '../src/domain/errors.ts';
import { IngestRoom } from '../src/ingest/room.ts';
import type { HostMessage, RoomCall, RoomCalls, RoomMessage } from '../src/ingest/room-messages.ts';
import { createLogger } from '../src/observability/logger.ts';

process.title = 'tessera-ingest (spare)';
const config = loadConfig();
let log = createLogger('ingest-room', config);
let room: IngestRoom | undefined;

/** libwebrtc's threads can hold `process.exit` up for ever; the kernel frees everything as well. */
const exitHard = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
};
const send = (message: RoomMessage): void => {
  if (process.connected) process.send?.(message);
};
const living = (): IngestRoom => {
  if (!room) throw new AppError('wrongState');
  return room;
};

const calls: { [C in RoomCall]: (value: RoomCalls[C][0]) => Promise<RoomCalls[C][1]> | RoomCalls[C][1] } = {
  assign: async (id) => {
    process.title = `tessera-ingest ${id}`;
    log = log.child({ room: id });
    const assigned = new IngestRoom(id, config, log, send);
    await assigned.start();
    room = assigned;
  },
  open: (request) => living().open(request),
  patch: (request) => living().patch(request),
  closeSession: (session) => living().closeSession(session),
  command: ({ participant, patch }) => living().command(participant, patch),
  removeParticipant: (participant) => living().removeParticipant(participant),
  end: () => room?.close(),
};

async function answer(message: HostMessage): Promise<void> {
  try {
    const call = calls[message.call] as (value: unknown) => unknown;
    send({ type: 'answered', id: message.id, value: await call(message.value) });
  } catch (error) {
    const known = error instanceof AppError ? error : new AppError('internal', { cause: error });
    if (known.fault === 'service') log.error({ err: error, call: message.call }, 'call failed');
    send({ type: 'failed', id: message.id, code: known.code, detail: known.detail, retryAfterSeconds: known.retryAfterSeconds });
  }
  if (message.call === 'end') setTimeout(exitHard, 50); // lets the answer out
}

process.on('message', (message: HostMessage) => void answer(message));
process.on('disconnect', exitHard);
process.on('SIGTERM', () => undefined); // the parent decides
process.on('SIGINT', () => undefined);
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'uncaught exception');
  setTimeout(exitHard, 50); // lets the line out; the parent sees the end and tells everybody
});
process.on('unhandledRejection', (error) => {
  log.fatal({ err: error }, 'unhandled rejection');
  setTimeout(exitHard, 50);
});
send({ type: 'ready' });
