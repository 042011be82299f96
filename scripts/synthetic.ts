/** Synthetic participants for demos, tests and benchmarks: `--help` tells. One JSON line per event on stdout. */
import { parseArgs } from 'node:util';
import { PATTERNS, type Pattern } from './synthetic/picture.ts';
import { SyntheticParticipant } from './synthetic/participant.ts';
import { LOCAL_API_KEY, mintToken } from './synthetic/token.ts';

const HELP = `Usage: synthetic --room ROOM [options]

  --url URL          the service (default http://127.0.0.1:8080)
  --room ROOM        room to join
  --create           create the room first if it is not there
  --count N          how many participants (default 1)
  --names A,B,C      their names and identities (default Synthetic-1, …)
  --source S         camera or screen (default camera)
  --width W --height H --fps F   (default 640 360 30)
  --pattern P        ${PATTERNS.join(', ')} (default moving); a list with commas: one each
  --color C,C        background colours, #rrggbb
  --tone HZ,HZ       tones (default 330, 440, 550, …); 0 is silence
  --no-audio, --no-video
  --bitrate BPS      highest video rate
  --ignore-uplink    send the size above, whatever size the service asks for
  --listen HZ,HZ     take the mix-minus and print the levels of these tones each second
  --tokens T,T       tokens to use; without them they are signed with
  --api-key K:S      an API key (default: that of local mode)
  --seconds S        stop by itself
`;

const COLORS = ['#b3261e', '#1f6f43', '#1d4e9e', '#8a5a00', '#6a2c91', '#00696f', '#7a4b3a', '#455a64', '#9e1d5f'];

const { values } = parseArgs({
  allowNegative: true,
  options: {
    help: { type: 'boolean' },
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    room: { type: 'string' },
    create: { type: 'boolean', default: false },
    count: { type: 'string', default: '1' },
    names: { type: 'string' },
    source: { type: 'string', default: 'camera' },
    width: { type: 'string', default: '640' },
    height: { type: 'string', default: '360' },
    fps: { type: 'string', default: '30' },
    pattern: { type: 'string', default: 'moving' },
    color: { type: 'string' },
    tone: { type: 'string' },
    audio: { type: 'boolean', default: true },
    video: { type: 'boolean', default: true },
    bitrate: { type: 'string' },
    'ignore-uplink': { type: 'boolean', default: false },
    listen: { type: 'string' },
    token: { type: 'string' },
    tokens: { type: 'string' },
    'api-key': { type: 'string', default: LOCAL_API_KEY },
    seconds: { type: 'string' },
  },
});

if (values.help || !values.room) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}
process.title = `tessera-synthetic ${values.room}`;

const list = (text: string | undefined): string[] => text?.split(',').map((word) => word.trim()) ?? [];
const room = values.room;
const names = list(values.names);
const count = Math.max(names.length, Number(values.count));
const patterns = list(values.pattern);
const tokens = list(values.tokens ?? values.token);
const unknown = patterns.find((pattern) => !(PATTERNS as readonly string[]).includes(pattern));
if (unknown !== undefined || !(count >= 1) || !['camera', 'screen'].includes(values.source)) {
  process.stderr.write(unknown === undefined ? 'synthetic: wrong --count or --source\n' : `synthetic: unknown pattern ${unknown}\n`);
  process.exit(2);
}
const tell = (event: object): void => void process.stdout.write(`${JSON.stringify({ t: Date.now(), ...event })}\n`);

if (values.create) {
  const token = mintToken({ apiKey: values['api-key'], room: '*', role: 'operator', identity: 'synthetic', name: 'synthetic' });
  const response = await fetch(`${values.url}/api/rooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ id: room, name: room, access: 'open' }),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status !== 201 && response.status !== 409) {
    process.stderr.write(`synthetic: the room cannot be created: ${response.status} ${await response.text()}\n`);
    process.exit(1);
  }
}

const participants = Array.from({ length: count }, (_, i) => {
  const name = names[i] ?? `Synthetic-${i + 1}`;
  const identity = name.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 64);
  return new SyntheticParticipant({
    url: values.url,
    room,
    token: tokens[i] ?? mintToken({ apiKey: values['api-key'], room, role: 'participant', identity, name }),
    name,
    source: values.source as 'camera' | 'screen',
    width: Number(values.width),
    height: Number(values.height),
    frameRate: Number(values.fps),
    pattern: (patterns[i] ?? patterns[patterns.length - 1]) as Pattern,
    color: list(values.color)[i] ?? (COLORS[i % COLORS.length] as string),
    toneHz: Number(list(values.tone)[i] ?? 330 + 110 * i),
    audio: values.audio,
    video: values.video,
    listenTo: values.listen === undefined ? undefined : list(values.listen).filter((hz) => hz !== '').map(Number),
    maxVideoBps: values.bitrate === undefined ? undefined : Number(values.bitrate),
    followUplink: !values['ignore-uplink'],
    onState: (state, detail) => tell({ type: state, name, ...(detail === undefined ? {} : { detail }) }),
    onPicture: (picture) => tell({ type: 'picture', name, ...picture }),
  });
});
for (const participant of participants) participant.start();

if (values.listen !== undefined)
  setInterval(() => {
    for (const [i, participant] of participants.entries()) tell({ type: 'heard', name: names[i] ?? `Synthetic-${i + 1}`, ...participant.heard });
  }, 1000);

let ending = false;
const end = async (): Promise<void> => {
  if (ending) return;
  ending = true;
  await Promise.all(participants.map((participant) => participant.close()));
  process.kill(process.pid, 'SIGKILL'); // libwebrtc's threads can hold the exit up for ever
};
process.on('SIGTERM', () => void end());
process.on('SIGINT', () => void end());
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
if (values.seconds !== undefined) setTimeout(() => void end(), Number(values.seconds) * 1000);
