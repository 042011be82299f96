/**
 * A network of two machines inside this one: here the service, there a client, between them a narrow link that loses packets. Made of
 * network namespaces that end with their processes, so nothing of the machine's own network is touched. Needs root.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const SERVICE_ADDRESS = '10.77.0.1';
const CLIENT_ADDRESS = '10.77.0.2';
const INSIDE = 'TESSERA_BENCH_INSIDE';

/** Runs the script again in a network namespace of its own, and ends with it; returns only inside of it. */
export function inOwnNetwork(): void {
  if (process.env[INSIDE] === 'yes') {
    delete process.env[INSIDE];
    run('ip', 'link', 'set', 'lo', 'up');
    return;
  }
  const missing = ['unshare', 'nsenter', 'ip', 'tc', 'nft'].filter((command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error !== undefined);
  if (missing.length > 0) {
    process.stderr.write(`${missing.join(', ')} missing: apt-get install --no-install-recommends $(grep -v '^#' scripts/packages/bench.txt)\n`);
    process.exit(1);
  }
  const { status } = spawnSync('unshare', ['--net', process.execPath, ...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env: { ...process.env, [INSIDE]: 'yes' } });
  process.exit(status ?? 1);
}

export interface LinkOptions {
  /** Each way. */
  bitsPerSecond: number;
  /** Each way, of the packets, 0…100. */
  lossPercent: number;
}

export class NarrowNetwork {
  readonly #holder: ChildProcess;
  #line: ChildProcess | undefined;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** @param roundTripMs of the way alone, without queues */
  static async open(roundTripMs = 0): Promise<NarrowNetwork> {
    const holder = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
    const own = namespaceOf(String(process.pid));
    for (let tries = 0; tries < 100 && namespaceOf(String(holder.pid)) === own; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    const network = new NarrowNetwork(holder);
    if (roundTripMs > 0) await network.#delayed(roundTripMs / 2);
    else run('ip', 'link', 'add', 'service', 'type', 'veth', 'peer', 'name', 'client', 'netns', String(holder.pid));
    run('ip', 'addr', 'add', `${SERVICE_ADDRESS}/24`, 'dev', 'service');
    run('ip', 'link', 'set', 'service', 'up');
    network.#there('ip', 'link', 'set', 'lo', 'up');
    network.#there('ip', 'addr', 'add', `${CLIENT_ADDRESS}/24`, 'dev', 'client');
    network.#there('ip', 'link', 'set', 'client', 'up');
    return network;
  }

  /** From now on the link is so narrow, with 400 ms of queue before it, and loses so much behind it. */
  narrow({ bitsPerSecond, lossPercent }: LinkOptions): void {
    const shape = ['root', 'tbf', 'rate', `${bitsPerSecond}bit`, 'burst', '4000', 'latency', '400ms'];
    run('tc', 'qdisc', 'replace', 'dev', 'service', ...shape);
    this.#there('tc', 'qdisc', 'replace', 'dev', 'client', ...shape);
    const loss = (device: string): string =>
      `add table inet link; add chain inet link arriving { type filter hook input priority 0; }; add rule inet link arriving iifname ${device} numgen random mod 1000 < ${Math.round(lossPercent * 10)} drop`;
    run('nft', loss('service'));
    this.#there('nft', loss('client'));
  }

  /** Bytes on the link since it was made, headers included: up is from the client, before the loss. */
  bytes(): { up: number; down: number } {
    // /sys shows the devices of the namespace in which it was mounted, /proc those of the process
    const line = readFileSync('/proc/self/net/dev', 'utf8').split('\n').find((l) => l.trim().startsWith('service:')) ?? '';
    const columns = line.slice(line.indexOf(':') + 1).trim().split(/\s+/).map(Number);
    return { up: columns[0] ?? 0, down: columns[8] ?? 0 };
  }

  /** A script that runs a program at the client's end: for whoever wants a path to start. */
  program(path: string, script: string): void {
    writeFileSync(script, `#!/bin/sh\nexec nsenter -t ${this.#holder.pid} -n ${path} "$@"\n`);
    chmodSync(script, 0o700);
  }

  close(): void {
    this.#line?.kill('SIGKILL');
    this.#holder.kill('SIGKILL');
  }

  async #delayed(oneWayMs: number): Promise<void> {
    const line = spawn('python3', [fileURLToPath(new URL('delay-line.py', import.meta.url)), String(this.#holder.pid), 'service', 'client', String(oneWayMs)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#line = line;
    await Promise.race([once(line.stdout, 'data'), once(line, 'exit').then(() => Promise.reject(new Error('the delay line did not start')))]);
  }

  #there(command: string, ...args: string[]): void {
    run('nsenter', '-t', String(this.#holder.pid), '-n', command, ...args);
  }
}

function namespaceOf(pid: string): string {
  return execFileSync('readlink', [`/proc/${pid}/ns/net`], { encoding: 'utf8' }).trim();
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 5000 });
}
