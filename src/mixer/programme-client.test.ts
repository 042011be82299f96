import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RoomId } from '../domain/ids.ts';
import type { TrackName } from '../domain/rendition.ts';
import { FrameReader } from '../media/framing.ts';
import { decodeUnit, encodeProgrammeMessage, PROGRAMME_FRAME, type TrackInit, type Unit } from '../media/programme-protocol.ts';
import { ProgrammeClient } from './programme-client.ts';

const ROOM = 'r' as RoomId;
const init: TrackInit = { track: 'video:high', codec: 'h264', width: 2, height: 2, frameRate: 30, bitrateBps: 1, config: 'AA==' };
function unit(n: number, key = false, bytes = 10, track: TrackName = 'video:high'): Unit {
  return { track, key, cached: false, ptsNs: BigInt(n), durationNs: 1n, data: Buffer.alloc(bytes) };
}

let folder: string;
let server: Server | undefined;
let client: ProgrammeClient;
let sockets: Socket[];
let heard: string[];
let keyframeRequests: number;

async function serve(): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    const reader = new FrameReader((type, payload) => {
      if (type === PROGRAMME_FRAME.hello) {
        heard.push('hello');
        socket.write(
          encodeProgrammeMessage(PROGRAMME_FRAME.welcome, { room: ROOM, epoch: 1, anchorMonotonicNs: '5', anchorUnixMs: 0, frameRate: 30, keyframeGridFrames: 64 }),
        );
      } else if (type === PROGRAMME_FRAME.init) heard.push('init');
      else if (type === PROGRAMME_FRAME.unit) {
        const got = decodeUnit(payload);
        heard.push(`${got.key ? 'K' : 'P'}${got.ptsNs}`);
      }
    });
    socket.on('data', (chunk) => reader.push(chunk));
  });
  await new Promise<void>((done) => server?.listen(join(folder, 's'), done));
}

async function until(what: () => boolean): Promise<void> {
  const endMs = Date.now() + 5000;
  while (!what()) {
    if (Date.now() > endMs) throw new Error(`heard only ${heard.join(' ')}`);
    await pause(5);
  }
}

async function stop(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((done) => server?.close(done));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-pc-'));
  sockets = [];
  heard = [];
  keyframeRequests = 0;
  client = new ProgrammeClient(
    { path: join(folder, 's'), room: ROOM, epoch: 1, frameRate: 30, renditions: ['high', 'mid'] },
    { welcomed: () => heard.push('welcomed'), refused: () => undefined, keyframeRequested: () => keyframeRequests++, disconnected: () => undefined },
  );
});
afterEach(async () => {
  client.close();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('ProgrammeClient', () => {
  it('goes on after a restart of the origin: inits again, and pictures from the next keyframe', async () => {
    await serve();
    client.start();
    await until(() => heard.includes('welcomed'));
    client.sendInit(init);
    client.sendUnit(unit(1, true));
    client.sendUnit(unit(2));
    await until(() => heard.includes('P2'));
    await stop();
    await pause(20);
    client.sendUnit(unit(3));
    heard = [];
    await serve();
    await until(() => heard.includes('init'));
    client.sendUnit(unit(4));
    client.sendUnit(unit(5, true));
    client.sendUnit(unit(6));
    await until(() => heard.includes('P6'));

    expect(heard).toEqual(['hello', 'welcomed', 'init', 'K5', 'P6']);
    expect(client.dropped).toBe(2);
    expect(keyframeRequests).toBe(1);
  });

  it('sends large pictures and their sound at once, and with them what may wait, in order', async () => {
    await serve();
    client.start();
    await until(() => heard.includes('welcomed'));
    const chunks: string[][] = [];
    sockets[0]?.on('data', () => chunks.push(heard.splice(0)));
    heard = [];
    client.sendUnit(unit(1, true, 10, 'video:mid'));
    client.sendUnit(unit(2, true, 10, 'video:low'));
    await pause(50);
    expect(chunks).toEqual([]);
    client.sendUnit(unit(3, true));
    await until(() => chunks.length === 1);
    client.sendUnit(unit(4, true, 10, 'audio:opus-low'));
    client.sendUnit(unit(5, true, 10, 'audio:opus'));
    await until(() => chunks.length === 2);

    expect(chunks).toEqual([['K1', 'K2', 'K3'], ['K4', 'K5']]);
  });

  it('drops whole groups instead of growing without end when the origin does not read', async () => {
    await serve();
    client.start();
    await until(() => heard.includes('welcomed'));
    sockets[0]?.pause();
    for (let n = 0; n < 100; n++) client.sendUnit(unit(n, n === 0, 100_000));
    const dropped = client.dropped;
    sockets[0]?.resume();
    await until(() => heard.length > 40);
    await pause(50);
    client.sendUnit(unit(200));
    client.sendUnit(unit(201, true));
    await until(() => heard.includes('K201'));

    expect(dropped).toBeGreaterThan(20);
    expect(heard).not.toContain('P200');
    expect(keyframeRequests).toBeGreaterThanOrEqual(1);
  });
});
