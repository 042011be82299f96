/**
 * What one mix costs: N feeds of 640×360@30 from frame rings into a real mixer process, both renditions and both audio codecs
 * out. Prints one JSON object. `npx tsx scripts/bench/mixer-alone.ts [--feeds 4] [--seconds 15] [--picture out.png] [--overlays]`
 */
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { nearestVideoFrame } from '../../src/domain/programme-time.ts';
import { run } from '../../test/support/decode.ts';
import { percentile } from '../../test/support/flash-beep.ts';
import { annexB, MixerRig, plainPicture, type Picture } from '../../test/support/mixer-rig.ts';
import { processorSeconds, proportionalBytes } from '../../test/support/process.ts';

const LOOP_FRAMES = 30;
const OVERLAY_ROUNDS = 4;

/** A second of something that moves like a person in front of a wall: soft shades, grain, a disc that sways. */
function movingLoop(seed: number): Picture[] {
  return Array.from({ length: LOOP_FRAMES }, (_, n) => {
    const picture = plainPicture(640, 360, 100, 100 + seed * 12, 150 - seed * 10);
    const angle = (2 * Math.PI * n) / LOOP_FRAMES;
    const centreX = 320 + 60 * Math.sin(angle);
    const centreY = 190 + 12 * Math.cos(angle);
    let noise = seed * 7919 + n * 104729 + 1;
    for (let y = 0; y < 360; y++)
      for (let x = 0; x < 640; x++) {
        noise = (noise * 1103515245 + 12345) & 0x7fffffff;
        const inside = (x - centreX) ** 2 / 1.2 + (y - centreY) ** 2 < 110 ** 2;
        picture.pixels[y * 640 + x] = (inside ? 170 + 30 * Math.sin(x / 9) : 60 + y / 5 + 10 * Math.sin(x / 40)) + ((noise >> 16) & 3);
      }
    return picture;
  });
}

const { values } = parseArgs({
  options: { feeds: { type: 'string', default: '4' }, seconds: { type: 'string', default: '15' }, picture: { type: 'string' }, overlays: { type: 'boolean', default: false } },
});
const feeds = Number(values.feeds);
const seconds = Number(values.seconds);
const rig = new MixerRig();
const loops = Array.from({ length: Math.min(feeds, 4) }, (_, i) => movingLoop(i));
await rig.open();
const mix = await rig.spare();
const pid = mix.process.pid as number;
for (let i = 0; i < feeds; i++) {
  let n = i * 7;
  rig.feeds.add(() => loops[i % loops.length]?.[n++ % LOOP_FRAMES], { name: `Participant ${i + 1}` });
}
rig.feeds.startSound((at) => 0.2 * Math.sin((2 * Math.PI * 440 * Number(at % 1_000_000_000n)) / 1e9));
rig.start(mix, 1, rig.room({ preset: 'grid' }, true));
const ready = await mix.until('ready');
await pause(2000);
const fromUnit = rig.programme.units.length;
const fromCpu = processorSeconds(pid);
const fromNs = process.hrtime.bigint();
await pause(seconds * 1000);
const cores = (processorSeconds(pid) - fromCpu) / (Number(process.hrtime.bigint() - fromNs) / 1e9);
const units = rig.programme.units.slice(fromUnit);
const high = units.filter((u) => u.track === 'video:high');
const heartbeat = [...mix.messages].reverse().find((m) => m.type === 'heartbeat');
const bps = (track: string): number =>
  Math.round((units.filter((u) => u.track === track).reduce((sum, u) => sum + u.data.length, 0) * 8) / seconds);
const frames = high.map((u) => nearestVideoFrame(u.ptsNs, 30));
const init = rig.programme.inits.get('video:high');
if (values.picture && init) {
  const all = rig.programme.track('video:high');
  const lastKey = all.findLastIndex((u) => u.key);
  await run('ffmpeg', ['-v', 'error', '-y', '-f', 'h264', '-i', 'pipe:0', '-frames:v', '1', '-update', '1', values.picture], { input: annexB(init, all.slice(lastKey)) });
}
/** Cores of the mix without and with all overlays, in turns of 4 s, so that a drift of the machine shows in both. */
async function overlaysCost(): Promise<{ without: number; withAll: number; more: number }> {
  const plain = rig.room({ preset: 'grid' }, false);
  const all = {
    ...plain,
    overlays: {
      labels: true,
      speakerBorder: true,
      watermark: { text: 'Tessera', corner: 'topRight' as const, opacity: 0.8, scale: 0.12 },
      lowerThird: { title: 'Grace Hopper', subtitle: 'Rear admiral' },
      banner: { text: 'Many participants, one stream' },
      captions: true,
      recordingBadge: true,
    },
    recording: true,
  };
  const sums = [0, 0];
  for (let round = 0; round < OVERLAY_ROUNDS; round++)
    for (const [which, room] of [plain, all].entries()) {
      mix.send({ type: 'room', room });
      await pause(1000); // until what fades has faded
      const from = processorSeconds(pid);
      const fromOverlayNs = process.hrtime.bigint();
      await pause(4000);
      sums[which] = (sums[which] as number) + (processorSeconds(pid) - from) / (Number(process.hrtime.bigint() - fromOverlayNs) / 1e9);
    }
  const [without = 0, withAll = 0] = sums.map((sum) => Number((sum / OVERLAY_ROUNDS).toFixed(3)));
  return { without, withAll, more: Number((withAll - without).toFixed(3)) };
}

console.log(
  JSON.stringify({
    ...(values.overlays ? { overlaysCores: await overlaysCost() } : {}),
    feeds,
    cores: Number(cores.toFixed(3)),
    pssMb: Math.round(proportionalBytes(pid) / 1e6),
    framesPerSecond: Number((high.length / seconds).toFixed(2)),
    framesMissing: frames.filter((f, i) => i > 0 && f !== (frames[i - 1] as number) + 1).length,
    latenessP50Ms: Math.round(percentile(high.map((u) => Number(u.arrivedNs - rig.programme.anchorNs - u.ptsNs) / 1e6), 0.5)),
    latenessP99Ms: Math.round(percentile(high.map((u) => Number(u.arrivedNs - rig.programme.anchorNs - u.ptsNs) / 1e6), 0.99)),
    eventLoopP99Ms: heartbeat?.type === 'heartbeat' ? Number(heartbeat.stats.eventLoopP99Ms.toFixed(1)) : null,
    droppedUnitsAndPictures: heartbeat?.type === 'heartbeat' ? heartbeat.stats.dropped : null,
    readyMs: ready.sinceStartMs,
    highBps: bps('video:high'),
    midBps: bps('video:mid'),
    aacBps: bps('audio:aac'),
    opusBps: bps('audio:opus'),
  }),
);
await rig.close();
process.exit(0);
