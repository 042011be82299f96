/** Replayed publishers: many people in a room at little cost. `--help` tells. One JSON line per event on stdout; IPC commands. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeLoops } from './synthetic/replay/encode-loops.ts';
import { LOOP_SIZES } from './synthetic/replay/loop-sizes.ts';
import { readLoops } from './synthetic/replay/read-loops.ts';
import { ReplayedPublisher, wallMs, type ReplayedOptions, type ReplayedReport } from './synthetic/replay/replayed-publisher.ts';
import { LOCAL_API_KEY, mintToken } from './synthetic/token.ts';

const HELP = `Usage: replay --room ROOM [options]

  --url URL          the service (default http://127.0.0.1:8080)
  --room ROOM        room to join
  --count N          how many publishers (default 1; 0: those that a parent process names)
  --size S           ${LOOP_SIZES.map((size) => size.name).join(', ')} (default 640x360)
  --ignore-uplink    send that size, whatever size the service asks for
  --pattern P        person or flash (default person)
  --listen           take the mix-minus
  --loops FOLDER     encoded loops; made there when missing (default: a folder that is removed at the end)
  --api-key K:S      an API key (default: that of local mode)
  --seconds S        stop by itself
`;

/** What a parent process may say. */
export interface ReplayCommand {
  join?: Pick<ReplayedOptions, 'name' | 'pattern' | 'offsetMs' | 'clockBehindMs' | 'followUplink' | 'listen' | 'link'> & { /** The largest. */ size: string; /** Until asked otherwise. */ first?: string };
  leave?: string;
  report?: true;
}

export interface ReplayReport {
  publishers: ReplayedReport[];
  /** Of this process, since its start. */
  cpuSeconds: number;
}

const TICK_MS = 5;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    room: { type: 'string' },
    count: { type: 'string', default: '1' },
    size: { type: 'string', default: '640x360' },
    'ignore-uplink': { type: 'boolean', default: false },
    pattern: { type: 'string', default: 'person' },
    listen: { type: 'boolean', default: false },
    loops: { type: 'string' },
    'api-key': { type: 'string', default: LOCAL_API_KEY },
    seconds: { type: 'string' },
  },
});
if (values.help || !values.room || !LOOP_SIZES.some((size) => size.name === values.size) || !['person', 'flash'].includes(values.pattern)) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}
process.title = `tessera-replay ${values.room}`;
const room = values.room;
const url = values.url.replace(/\/$/, '');
const tell = (event: object): void => {
  if (process.send) process.send(event);
  else process.stdout.write(`${JSON.stringify({ t: Date.now(), ...event })}\n`);
};

const ownFolder = values.loops === undefined ? mkdtempSync(join(tmpdir(), 'tsr-loops-')) : undefined;
const folder = values.loops ?? (ownFolder as string);
await encodeLoops(folder);
const loops = readLoops(folder);
if (ownFolder !== undefined) rmSync(ownFolder, { recursive: true, force: true });

const publishers = new Map<string, ReplayedPublisher>();

function joinRoom({ size, first, ...more }: NonNullable<ReplayCommand['join']>): void {
  const own = LOOP_SIZES.find(({ name }) => name === size);
  if (!own || publishers.has(more.name)) return;
  const token = mintToken({ apiKey: values['api-key'], room, role: 'participant', identity: more.name, name: more.name });
  const publisher = new ReplayedPublisher({
    ...more,
    ...{ url, room, token, own, loops, first: LOOP_SIZES.find(({ name }) => name === first) },
    onState: (state, detail) => tell({ type: state, name: more.name, ...(detail === undefined ? {} : { detail }) }),
  });
  publishers.set(more.name, publisher);
  publisher.start();
}

process.on('message', (command: ReplayCommand) => {
  if (command.join) joinRoom(command.join);
  if (command.leave !== undefined) {
    const { leave: name } = command;
    const publisher = publishers.get(name);
    publishers.delete(name);
    void publisher?.close().then(() => tell({ type: 'left', name }));
  }
  if (command.report) {
    const { user, system } = process.cpuUsage();
    tell({ type: 'report', publishers: [...publishers.values()].map((p) => p.report), cpuSeconds: (user + system) / 1e6 } satisfies ReplayReport & { type: string });
  }
});
for (let i = 0; i < Number(values.count); i++)
  joinRoom({
    ...{ name: `Person-${i + 1}`, size: values.size, pattern: values.pattern as 'person' | 'flash', offsetMs: i * (values.pattern === 'flash' ? 200 : 137) },
    ...{ followUplink: !values['ignore-uplink'], listen: values.listen },
  });
tell({ type: 'ready' });

setInterval(() => {
  const nowMs = wallMs();
  for (const publisher of publishers.values()) publisher.tick(nowMs);
}, TICK_MS);

let ending = false;
const end = async (): Promise<void> => {
  if (ending) return;
  ending = true;
  await Promise.all([...publishers.values()].map((publisher) => publisher.close()));
  process.exit(0);
};
process.on('SIGTERM', () => void end());
process.on('SIGINT', () => void end());
process.on('disconnect', () => process.exit(0));
if (values.seconds !== undefined) setTimeout(() => void end(), Number(values.seconds) * 1000);
