/** The mixer role with a real Redis: jobs, epochs, warm spares, and what happens when a process dies. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParticipantId, RecordingId } from '../../src/domain/ids.ts';
import { nearestVideoFrame } from '../../src/domain/programme-time.ts';
import { roomImageKey } from '../../src/domain/room-image.ts';
import type { RoomDocument } from '../../src/domain/room.ts';
import { EventPublisher } from '../../src/state/events.ts';
import { RecordingStore } from '../../src/state/recording-store.ts';
import { FilesystemStore } from '../../src/storage/filesystem-store.ts';
import { decodeUnitPictures, RIG_ROOM } from '../support/mixer-rig.ts';
import { MixerWorkerRig } from '../support/mixer-worker-rig.ts';
import { isAlive, processTree, waitFor } from '../support/process.ts';

let role: MixerWorkerRig;

beforeAll(async () => {
  role = await MixerWorkerRig.open();
});
afterAll(() => role?.close());

function unitsOf(epoch: number): bigint | undefined {
  return role.rig.programme.units.find((u) => u.epoch === epoch && u.track === 'video:high')?.arrivedNs;
}

/** A green picture, uploaded to the room, and one that is lost. */
async function uploadImages(): Promise<RoomDocument['images']> {
  const canvas = createCanvas(64, 64);
  const context = canvas.getContext('2d');
  context.fillStyle = '#00ff00';
  context.fillRect(0, 0, 64, 64);
  const png = canvas.toBuffer('image/png');
  await new FilesystemStore(join(role.rig.dir, 'data/objects')).put(roomImageKey(RIG_ROOM, { name: 'logo' }), png, { contentType: 'image/png' });
  const image = { contentType: 'image/png', width: 64, height: 64, bytes: png.length, sha256: createHash('sha256').update(png).digest('hex') } as const;
  return [
    { name: 'logo', ...image },
    { name: 'lost', ...image },
  ];
}

/** Colours of the programme's last picture at places in fractions of it, `r,g,b`. */
async function coloursNow(places: readonly [x: number, y: number][]): Promise<number[][]> {
  const units = role.rig.programme.track('video:high');
  const from = units.findLastIndex((u) => u.key);
  const init = role.rig.programme.inits.get('video:high');
  if (!init || from < 0) throw new Error('no picture yet');
  const last = (await decodeUnitPictures(init, units.slice(from), 320, 180)).at(-1) as Buffer;
  return places.map(([x, y]) => [...last.subarray((Math.floor(y * 180) * 320 + Math.floor(x * 320)) * 3).subarray(0, 3)]);
}

describe('the mixer role', () => {
  it('starts a mix from a warm spare, replaces a killed mixer, outlives a killed worker, and ends when it should', async () => {
    const { rig, rooms, redis } = role;
    const first = role.startWorker();
    await waitFor('a warm spare', () => role.mixersOf(first).spare.length === 1, { timeoutMs: 15_000 });
    await pause(700); // it builds its graph

    // start
    const askedNs = process.hrtime.bigint();
    await role.askForMix();
    const firstNs = await waitFor('the first unit', () => unitsOf(1), { intervalMs: 10 });
    const startMs = Number(firstNs - askedNs) / 1e6;
    await waitFor('running', async () => (await rooms.mix(RIG_ROOM)).status === 'running');

    // overlays: an uploaded picture (and one that is lost), the badge of a recording, a caption; and what the publisher is asked for
    const images = await uploadImages();
    await rooms.update(RIG_ROOM, (room) => ({
      ...room,
      ...(images ? { images } : {}),
      overlays: { labels: false, watermark: { image: 'logo', corner: 'topLeft', opacity: 1, scale: 0.1 }, background: { image: 'lost' }, captions: true, recordingBadge: true },
    }));
    const tell = new EventPublisher(redis);
    tell.publish({ type: 'roomChanged', room: RIG_ROOM });
    await waitFor('the uploaded picture', async () => ((await coloursNow([[0.06, 0.1]]))[0]?.[1] ?? 0) > 200, { timeoutMs: 4000, intervalMs: 100 });
    expect(readdirSync(rig.dir).filter((name) => name.startsWith(`images-${RIG_ROOM}-`))).toHaveLength(1);
    const isRed = ([r = 0, g = 0, b = 0]: number[]): boolean => r > 200 && g < 60 && b < 60;
    const places: [number, number][] = [[0.93, 0.06], [0.5, 0.92]];
    expect((await coloursNow(places)).map(isRed)).toEqual([true, true]);
    const recording = 'rec-rig' as RecordingId;
    await new RecordingStore(redis).create({ id: recording, room: RIG_ROOM, name: '', rendition: 'high', status: 'recording', startedAt: new Date().toISOString(), durationMs: 0, gaps: [], files: [] });
    tell.publish({ type: 'recordingChanged', room: RIG_ROOM, recording });
    tell.publish({ type: 'caption', room: RIG_ROOM, caption: { text: 'Good evening', durationMs: 5000 } });
    await waitFor('the badge and the caption', async () => (await coloursNow(places)).every((colour) => !isRed(colour)), { timeoutMs: 4000, intervalMs: 100 });
    expect(await rooms.uplink(RIG_ROOM, 'p1' as ParticipantId)).toMatchObject([{ source: 'camera', width: 1280, height: 720, shown: true }]);
    await new RecordingStore(redis).delete(recording);

    // a killed mixer
    await waitFor('another spare', () => role.mixersOf(first).spare.length === 1, { timeoutMs: 15_000 });
    await pause(1000);
    const [victim] = role.mixersOf(first).mixing;
    const killedNs = process.hrtime.bigint();
    process.kill(victim as number, 'SIGKILL');
    const secondNs = await waitFor('the second epoch', () => unitsOf(2), { intervalMs: 10 });
    const replaceMs = Number(secondNs - killedNs) / 1e6;
    await waitFor('running again', async () => {
      const mix = await rooms.mix(RIG_ROOM);
      return mix.status === 'running' && mix.epoch === 2;
    });
    const frames = rig.programme.units.filter((u) => u.track === 'video:high').map((u) => ({ epoch: u.epoch, frame: nearestVideoFrame(u.ptsNs, 30) }));
    const lastOld = Math.max(...frames.filter((f) => f.epoch === 1).map((f) => f.frame));
    const firstNew = Math.min(...frames.filter((f) => f.epoch === 2).map((f) => f.frame));

    // a stopped mixer
    await pause(3000);
    const [stopped] = role.mixersOf(first).mixing;
    process.kill(stopped as number, 'SIGSTOP');
    await waitFor('the third epoch', () => unitsOf(3), { timeoutMs: 8000, intervalMs: 10 });
    expect(isAlive(stopped as number)).toBe(false);

    // a killed worker
    const second = role.startWorker();
    await waitFor('the second worker', () => role.mixersOf(second).spare.length === 1, { timeoutMs: 15_000 });
    await pause(1000);
    const orphans = processTree(first.pid as number).filter((pid) => pid !== first.pid);
    const workerKilledNs = process.hrtime.bigint();
    first.kill('SIGKILL');
    const fourthNs = await waitFor('the fourth epoch', () => unitsOf(4), { timeoutMs: 10_000, intervalMs: 10 });
    const takeoverMs = Number(fourthNs - workerKilledNs) / 1e6;
    expect(orphans.filter(isAlive)).toEqual([]);

    // the end
    await rooms.setMixWanted(RIG_ROOM, false);
    new EventPublisher(redis).publish({ type: 'mixWantedChanged', room: RIG_ROOM });
    await waitFor('idle', async () => (await rooms.mix(RIG_ROOM)).status === 'idle', { timeoutMs: 3000 });
    expect(role.mixersOf(second).mixing).toEqual([]);
    expect(readdirSync(rig.dir).filter((name) => name.startsWith('images-'))).toEqual([]);

    const closing = performance.now();
    const tree = processTree(second.pid as number);
    second.kill('SIGTERM');
    await waitFor('the worker to end', () => !tree.some(isAlive), { timeoutMs: 5000 });
    console.info('ms:', JSON.stringify({ start: Math.round(startMs), replace: Math.round(replaceMs), hole: (firstNew - lastOld) * 33, takeover: Math.round(takeoverMs), close: Math.round(performance.now() - closing) }));
    expect(startMs).toBeLessThan(3000);
    expect(replaceMs).toBeLessThan(2000);
    expect(firstNew).toBeGreaterThan(lastOld);
    expect(takeoverMs).toBeLessThan(3000);
  });
});
