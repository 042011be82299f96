/**
 * The demo beside a running service: an open room `demo` with three synthetic participants, and the addresses of its pages once
 * the mix runs. Started by the supervisor (`scripts/start --demo`) with the service's URL; ends with it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../src/config/config.ts';
import { Tokens } from '../src/control/auth/tokens.ts';
import type { RoomId } from '../src/domain/ids.ts';
import { SyntheticParticipant } from './synthetic/participant.ts';

const ROOM = 'demo';
const PEOPLE = [
  { id: 'amber', name: 'Amber', color: '#b45309', toneHz: 262 },
  { id: 'fern', name: 'Fern', color: '#15803d', toneHz: 330 },
  { id: 'indigo', name: 'Indigo', color: '#4338ca', toneHz: 392 },
] as const;
const RUNNING_TIMEOUT_MS = 30_000;
/** Below the supervisor's grace for the demo. */
const CLOSE_MS = 800;

process.title = 'tessera-demo';
const url = process.argv[2] ?? '';
const tokens = new Tokens(loadConfig().apiKeys);
const participants: SyntheticParticipant[] = [];
const connected = new Set<string>();
let closing = false;

/** libwebrtc's threads keep a process from ending by itself. */
function endHard(): void {
  process.kill(process.pid, 'SIGKILL');
}

process.on('disconnect', endHard);
process.on('SIGINT', () => undefined); // the supervisor decides
process.on('SIGTERM', () => {
  if (closing) return;
  closing = true;
  void Promise.race([Promise.all(participants.map((p) => p.close())), delay(CLOSE_MS)]).finally(endHard);
});

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const { token } = await tokens.mint({ room: '*', role: 'operator', sub: 'demo' });
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function makeRoom(): Promise<void> {
  const made = await api('POST', '/api/rooms', { id: ROOM, name: 'Demo', layout: { preset: 'grid' }, access: 'open' });
  if (made.status !== 201 && made.status !== 409) throw new Error(`the demo room could not be made: ${made.status} ${JSON.stringify(made.body)}`);
}

async function join({ id, name, color, toneHz }: (typeof PEOPLE)[number]): Promise<void> {
  const { token } = await tokens.mint({ room: ROOM as RoomId, role: 'participant', sub: `demo-${id}`, name, ttlMs: 24 * 3600_000 });
  const participant = new SyntheticParticipant({
    ...{ url, room: ROOM, token, name, color, toneHz },
    ...{ source: 'camera', width: 640, height: 360, frameRate: 30, pattern: 'moving', audio: true, video: true },
    ...{ listenTo: undefined, maxVideoBps: 1_000_000 },
    onState: (state, detail) => {
      if (state === 'connected') connected.add(id);
      if (state === 'refused') process.stderr.write(`${name} could not join: ${detail ?? ''}\n`);
    },
  });
  participants.push(participant);
  participant.start();
}

/** @returns whether everyone is there, the mix runs and viewers can be served; Redis may still hold the mix of an earlier run */
async function running(): Promise<boolean> {
  if (connected.size < PEOPLE.length) return false;
  const { status, body } = await api('GET', `/api/rooms/${ROOM}`);
  if (status !== 200 || (body as { mix?: { status?: string } }).mix?.status !== 'running') return false;
  const playlist = await fetch(`${url}/hls/${ROOM}/index.m3u8`, { signal: AbortSignal.timeout(5000) });
  await playlist.body?.cancel();
  return playlist.ok;
}

function addresses(): string {
  const lines = [
    ['Rooms', '/'],
    ['Watch the mix', `/watch/${ROOM}`],
    ['Join with a camera', `/join/${ROOM}`],
    ['Direct the room', `/studio/${ROOM}`],
    ['Recordings', '/recordings'],
    ['API', '/docs'],
  ] as const;
  return lines.map(([what, path]) => `  ${what.padEnd(20)}${url}${path}`).join('\n');
}

try {
  await makeRoom();
  for (const person of PEOPLE) await join(person);
  const deadline = performance.now() + RUNNING_TIMEOUT_MS;
  let green = false;
  while (!closing && !green && performance.now() < deadline) {
    green = await running().catch(() => false);
    if (!green) await delay(200);
  }
  if (!closing) say(green ? `The demo runs:\n${addresses()}\n  Ctrl-C ends it.` : 'The demo room is there, but its mix does not run yet; the log says why.');
} catch (error) {
  process.stderr.write(`Demo: ${error instanceof Error ? error.message : String(error)}\n`);
}
