/**
 * A recording of a publisher that flashes and beeps at each full second: how soon it is ready after stop, its duration
 * against the wall clock, and how far beep and flash are apart, with the mixer stopped for a while in the middle (SIGSTOP).
 * `npx tsx scripts/bench/recording.ts [--seconds 60] [--stop-mixer-ms 300]`; one JSON object on stdout.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { beeps, flashes, offsetsMs } from './support/flash-beep.ts';
import { percentile, ROOM, rounded, startProduct, until } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, 'stop-mixer-ms': { type: 'string', default: '300' } } });
const lengthMs = Number(values.seconds) * 1000;
const stopMs = Number(values['stop-mixer-ms']);

interface Recording {
  id: string;
  status: string;
  durationMs: number;
  gaps: { atMs: number; lengthMs: number; reason: string }[];
}

const product = await startProduct();
const folder = mkdtempSync(join(tmpdir(), 'tsr-recording-'));
try {
  const probe = new ProgrammeProbe(product.runDir, ROOM);
  void probe.follow();
  const publishers = await product.publish(1, 'flash');
  await until('the first picture', () => probe.firstPictureAtMs !== undefined, 20_000);
  probe.close();
  await delay(3000);

  const { id } = await product.api<Recording>('POST', `/api/rooms/${ROOM}/recordings`, { name: 'Benchmark', rendition: 'high' });
  const startedMs = performance.now();
  await delay(lengthMs / 2);
  if (stopMs > 0) {
    const mixer = product.find(`tessera-mixer ${ROOM}`);
    if (mixer === undefined) throw new Error('no mixer child found');
    process.kill(mixer, 'SIGSTOP');
    await delay(stopMs);
    process.kill(mixer, 'SIGCONT');
  }
  await delay(Math.max(0, lengthMs - (performance.now() - startedMs)));
  const stoppedMs = performance.now();
  await product.api('POST', `/api/recordings/${id}/stop`);
  let recording: Recording | undefined;
  await until(
    'a finished recording',
    async () => {
      recording = await product.api<Recording>('GET', `/api/recordings/${id}`);
      return recording.status === 'complete' || recording.status === 'failed';
    },
    60_000,
  );
  const readyMs = performance.now() - stoppedMs;

  const file = join(folder, 'recording.mp4');
  const response = await fetch(`${product.url}/api/recordings/${id}/download`, { headers: { authorization: `Bearer ${product.token}` } });
  if (!response.ok) throw new Error(`download: ${response.status} ${await response.text()}`);
  await writeFile(file, Buffer.from(await response.arrayBuffer()));
  const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', '-show_entries', 'format=duration:stream=codec_name,duration,nb_frames,start_time', '-of', 'json', file]);
  const probed = JSON.parse(stdout) as { format: { duration: string }; streams: object[] };
  const durationMs = 1000 * Number(probed.format.duration);
  const offsets = offsetsMs(await flashes(file), await beeps(file));
  const half = Math.floor(offsets.length / 2);
  const absolute = (list: number[]): number[] => list.map(Math.abs);
  console.log(
    JSON.stringify({
      benchmark: 'recording',
      status: recording?.status,
      readyAfterStopMs: rounded(readyMs),
      wallMs: rounded(stoppedMs - startedMs),
      durationMs: rounded(durationMs),
      durationErrorMs: rounded(durationMs - (stoppedMs - startedMs)),
      mixerStoppedMs: stopMs,
      flashToBeep: {
        pairs: offsets.length,
        medianMs: rounded(percentile(offsets, 0.5), 1),
        p95AbsoluteMs: rounded(percentile(absolute(offsets), 0.95), 1),
        p95AbsoluteBeforeStopMs: rounded(percentile(absolute(offsets.slice(0, half)), 0.95), 1),
        p95AbsoluteAfterStopMs: rounded(percentile(absolute(offsets.slice(half)), 0.95), 1),
        maxAbsoluteMs: rounded(Math.max(...absolute(offsets)), 1),
      },
      gaps: recording?.gaps,
      streams: probed.streams,
      limits: { readyAfterStopMs: 5000, durationErrorMs: 200, p95AbsoluteMs: 45 },
    }),
  );
  await publishers.close();
} finally {
  await product.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
