import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { redisArguments } from './embedded-redis.ts';
import { DataDirInUse, lockDataDir, processStart } from './instance-lock.ts';
import { ringWriter, sweepRings } from '../media/ring-leftovers.ts';
import { sweepRunDir } from './leftovers.ts';
import { dataDirProblem, sharedMemoryProblem, tcpPortProblem } from './preflight.ts';
import { prettyLine, prettyLines } from './pretty-log.ts';
import { restartDelayMs } from './restart-delay.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-supervisor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('lock of the data folder', () => {
  it('refuses a second holder and names the first', () => {
    const unlock = lockDataDir(folder);
    expect(() => lockDataDir(folder)).toThrow(DataDirInUse);
    expect(() => lockDataDir(folder)).toThrow(String(process.pid));
    unlock();
    lockDataDir(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over from a process that is gone, also when its id was given to another', () => {
    writeFileSync(join(folder, 'tessera.lock'), '4194301 17\n');
    lockDataDir(folder)();
    writeFileSync(join(folder, 'tessera.lock'), `${process.pid} ${(processStart(process.pid) ?? 0) - 1}\n`);
    lockDataDir(folder)();
  });

  it('takes over a lock that was cut off while it was written', () => {
    writeFileSync(join(folder, 'tessera.lock'), '');
    lockDataDir(folder)();
  });
});

describe('leftovers', () => {
  it('reads the writer out of a ring name, whatever the room is called', () => {
    expect(ringWriter('tessera-abc123-demo-4711-0-2', 'abc123')).toBe(4711);
    expect(ringWriter('tessera-abc123-room-7-8-9-4711-0-2', 'abc123')).toBe(4711);
    expect(ringWriter('tessera-ffffff-demo-4711-0-2', 'abc123')).toBeUndefined();
    expect(ringWriter('tessera-abc123-notes', 'abc123')).toBeUndefined();
    expect(ringWriter('other', 'abc123')).toBeUndefined();
  });

  it('removes rings of dead writers and leaves those of the living and of other instances', () => {
    const instance = `t${process.pid}`;
    const names = [`tessera-${instance}-a-4194301-0-0`, `tessera-${instance}-a-${process.pid}-0-0`, `tessera-${instance}x-a-4194301-0-0`];
    for (const name of names) writeFileSync(`/dev/shm/${name}`, '');
    try {
      expect(sweepRings(instance)).toBe(1);
      expect(names.map((name) => existsSync(`/dev/shm/${name}`))).toEqual([false, true, true]);
      expect(sweepRings(instance, true)).toBe(1);
    } finally {
      for (const name of names) rmSync(`/dev/shm/${name}`, { force: true });
    }
  });

  it('removes sockets and the folder, but no files of others', async () => {
    const run = join(folder, 'run');
    mkdirSync(run);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(run, 'a.sock'), resolve));
    writeFileSync(join(run, 'note.txt'), '');
    sweepRunDir(run);
    expect(readdirSync(run)).toEqual(['note.txt']);
    rmSync(join(run, 'note.txt'));
    sweepRunDir(run);
    expect(existsSync(run)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('preflight', () => {
  it('names a port in use and what to do', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await tcpPortProblem('127.0.0.1', port)).toMatch(new RegExp(`TCP port ${port} is in use.*--port`));
    await new Promise((resolve) => server.close(resolve));
    expect(await tcpPortProblem('127.0.0.1', port)).toBeUndefined();
  });

  it('names a missing /dev/shm', () => {
    expect(sharedMemoryProblem(join(folder, 'shm'))).toMatch(/missing or cannot be written \(ENOENT\)/);
    expect(sharedMemoryProblem()).toBeUndefined();
  });

  it('names a data folder that cannot be made, and leaves none behind that can', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(dataDirProblem(join(folder, 'file', 'data'))).toMatch(/cannot be written/);
    expect(dataDirProblem(join(folder, 'new'))).toBeUndefined();
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });
});

describe('log for people', () => {
  it('shows time, role, level, message and facts', () => {
    const line = prettyLine('{"level":"info","time":"2026-01-02T03:04:05.678Z","role":"ingest","node":"n","pid":1,"room":"demo","n":3,"msg":"joined"}');
    expect(line).toMatch(/^03:04:05 ingest\s+info\s+joined {2}room=demo n=3$/);
  });

  it('passes on what is not JSON, and joins lines that came in pieces', () => {
    const written: string[] = [];
    const push = prettyLines((text) => written.push(text));
    push(Buffer.from('plain te'));
    push(Buffer.from('xt\n{broken\nrest'));
    expect(written).toEqual(['plain text\n', '{broken\n']);
  });
});

describe('embedded Redis', () => {
  it('has no TCP port and keeps every write', () => {
    const text = redisArguments('/run/r.sock', '/data/redis').join(' ');
    expect(text).toContain('--port 0');
    expect(text).toContain('--appendonly yes');
    expect(text).toContain('--unixsocket /run/r.sock');
  });
});

describe('restart delay', () => {
  it('starts at once after a long life and waits ever longer after short ones, up to 5 s', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map(restartDelayMs)).toEqual([100, 100, 500, 1000, 2000, 5000, 5000]);
  });
});
