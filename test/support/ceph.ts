/**
 * A throw-away S3 server for tests: one Ceph monitor, one OSD in memory and a RADOS gateway on loopback, from Debian's
 * packages ceph-mon, ceph-osd, radosgw and ceph-common. Up in about 2 s and 130 MB. Nothing it writes survives `close()`.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CephUser {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface TestCeph {
  endpoint: string;
  user: CephUser;
  /** Another tenant, who may not see the first one's buckets. */
  otherUser: CephUser;
  /** Kills the gateway as a power cut would; data and open uploads stay. */
  killGateway(): Promise<void>;
  startGateway(): Promise<void>;
  close(): Promise<void>;
}

/** @throws with the daemons' last words when the server does not answer within about 30 s */
export async function startTestCeph(): Promise<TestCeph> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-ceph-'));
  const [monPort, s3Port] = await Promise.all([freePort(), freePort()]);
  const daemons = new Map<string, ChildProcess>();
  const killAll = (): void => {
    for (const child of daemons.values()) child.kill('SIGKILL');
  };
  process.once('exit', killAll);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      process.off('exit', killAll);
      await Promise.all([...daemons.values()].map(endHard));
      rmSync(folder, { recursive: true, force: true });
    })();
    return closing;
  };
  try {
    for (const name of ['mon', 'osd', 'run', 'log']) mkdirSync(join(folder, name));
    const fsid = randomUUID();
    writeFileSync(join(folder, 'ceph.conf'), settings(folder, fsid, monPort, s3Port));
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, CEPH_CONF: join(folder, 'ceph.conf') };
    const tool = (command: string, ...args: string[]): Promise<{ stdout: string }> =>
      run(command, args, { cwd: folder, env, timeout: 60_000, killSignal: 'SIGKILL' });
    const daemon = (name: string, command: string, ...args: string[]): void => {
      const log = openSync(join(folder, 'log', `${name}.out`), 'a');
      // the kernel ends the daemon with us, also when we are killed hard
      const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args, '-f'], { cwd: folder, env, stdio: ['ignore', log, log] });
      child.on('error', () => undefined);
      closeSync(log);
      daemons.set(name, child);
    };

    await tool('ceph-authtool', '--create-keyring', 'keyring', '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
    await tool('ceph-authtool', 'keyring', '--gen-key', '-n', 'client.admin', '--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *');
    await tool('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monPort}]`, '--set-min-mon-release', 'pacific', 'monmap');
    await tool('ceph-mon', '--mkfs', '-i', 'a', '--monmap', 'monmap', '--keyring', 'keyring');
    daemon('mon', 'ceph-mon', '-i', 'a');
    await until(folder, 'monitor', async () => {
      const socket = (await readdir(join(folder, 'run'))).find((name) => name.startsWith('mon.a.') && name.endsWith('.asok'));
      return socket !== undefined && (await tool('ceph', '--admin-daemon', join(folder, 'run', socket), 'mon_status')).stdout.includes('leader');
    });
    const osdId = randomUUID();
    await tool('ceph', 'osd', 'new', osdId);
    await tool('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osdId);
    daemon('osd', 'ceph-osd', '-i', '0');
    await until(folder, 'OSD', async () => (await tool('ceph', 'osd', 'stat')).stdout.includes('1 up'));
    const user: CephUser = { accessKeyId: 'tessera-test', secretAccessKey: randomUUID() };
    const otherUser: CephUser = { accessKeyId: 'tessera-other', secretAccessKey: randomUUID() };
    for (const { accessKeyId, secretAccessKey } of [user, otherUser])
      await tool('radosgw-admin', 'user', 'create', `--uid=${accessKeyId}`, '--display-name=test', `--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`);

    const endpoint = `http://127.0.0.1:${s3Port}`;
    const startGateway = async (): Promise<void> => {
      daemon('gateway', 'radosgw', '-n', 'client.admin');
      await until(folder, 'gateway', async () => (await fetch(endpoint, { signal: AbortSignal.timeout(1000) })).ok);
    };
    await startGateway();
    return {
      endpoint,
      user,
      otherUser,
      startGateway,
      killGateway: async () => {
        const child = daemons.get('gateway');
        if (child) await endHard(child);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** No authentication inside the little cluster (loopback only), everything in memory, small pools, quick elections. */
function settings(folder: string, fsid: string, monPort: number, s3Port: number): string {
  const values: Record<string, string | number> = {
    fsid,
    'mon host': `[v2:127.0.0.1:${monPort}/0]`,
    'public addr': '127.0.0.1',
    'cluster addr': '127.0.0.1',
    'auth cluster required': 'none',
    'auth service required': 'none',
    'auth client required': 'none',
    'ms mon client mode': 'crc',
    'ms cluster mode': 'crc',
    'ms service mode': 'crc',
    'ms client mode': 'crc',
    keyring: `${folder}/keyring`,
    'log file': `${folder}/log/$name.log`,
    'pid file': `${folder}/run/$name.pid`,
    'admin socket': `${folder}/run/$name.$pid.asok`,
    'run dir': `${folder}/run`,
    'crash dir': `${folder}/run`,
    'mon data': `${folder}/mon`,
    'osd data': `${folder}/osd`,
    'osd objectstore': 'memstore',
    'memstore device bytes': 1 << 30,
    'osd pool default size': 1,
    'osd pool default min size': 1,
    'osd pool default pg num': 4,
    'osd pool default pgp num': 4,
    'osd pool default pg autoscale mode': 'off',
    'mon allow pool size one': 'true',
    'mon max pg per osd': 1000,
    // a nearly full test machine must not stop the monitor
    'mon data avail crit': 1,
    'mon data avail warn': 2,
    'osd crush chooseleaf type': 0,
    'osd op num shards': 2,
    'osd class load list': '*',
    'osd class default list': '*',
    'paxos propose interval': 0.05,
    'paxos min wait': 0.02,
    'mon tick interval': 1,
    'mon osd adjust heartbeat grace': 'false',
    'osd mclock skip benchmark': 'true',
    'rgw frontends': `beast endpoint=127.0.0.1:${s3Port}`,
    'rgw thread pool size': 32,
    'rgw data': `${folder}/rgw`,
    'rgw enable usage log': 'false',
    'rgw enable ops log': 'false',
    'rgw run sync thread': 'false',
    'rgw override bucket index max shards': 1,
    'rgw s3 auth order': 'local',
  };
  return `[global]\n${Object.entries(values).map(([name, value]) => `${name} = ${value}\n`).join('')}`;
}

async function until(folder: string, what: string, ready: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    if (await ready().catch(() => false)) return;
    await delay(50);
  }
  const logs = await Promise.all(
    (await readdir(join(folder, 'log'))).filter((n) => n.endsWith('.out')).map(async (n) => `${n}: ${(await readFile(join(folder, 'log', n), 'utf8')).slice(-500)}`),
  );
  throw new Error(`the Ceph ${what} did not come up\n${logs.join('\n')}`);
}

function endHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
