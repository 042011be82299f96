/** Debian's nginx with docker/nginx.conf in front of a service: its ports, folders and certificate are the test's. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from '../../src/config/paths.ts';
import { freePort, waitFor } from './process.ts';

export interface FrontRequest {
  /** HIT, MISS, EXPIRED, …; `-`: not cached at all. */
  cache: string;
  status: number;
  /** Whether the service was asked. */
  passed: boolean;
  uri: string;
}

export interface Nginx {
  url: string;
  certificate: string;
  /** Since the start or the last call. */
  requests(): FrontRequest[];
  close(): Promise<void>;
}

export async function startNginx(servicePort: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-nginx-'));
  const port = await freePort();
  mkdirSync(join(folder, 'certificates'));
  const [key, certificate] = ['privkey.pem', 'fullchain.pem'].map((name) => join(folder, 'certificates', name)) as [string, string];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore', timeout: 20_000 });
  const replaced: readonly (readonly [string | RegExp, string])[] = [
    ['access_log off;', `log_format front '$upstream_cache_status $status [$upstream_status] $request_uri'; access_log ${folder}/access.log front;`],
    ['127.0.0.1:8080', `127.0.0.1:${servicePort}`],
    ['listen 80 default_server', `listen 127.0.0.1:${await freePort()} default_server`],
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl http2;`],
    ['listen [::]:443 ssl;', ''],
    ['http2 on;', ''], // Debian 12 has nginx 1.22, which says it with the port
    [/\/etc\/nginx\/certificates/g, `${folder}/certificates`],
    [/\/var\/cache\/nginx/g, `${folder}/cache`],
    ['worker_processes auto;', `worker_processes 1; daemon off; user root; pid ${folder}/pid; error_log ${folder}/error.log warn;`],
    ['worker_connections 4096;', 'worker_connections 2048;'],
  ];
  let text = readFileSync(join(repoRoot, 'docker/nginx.conf'), 'utf8');
  for (const [from, to] of replaced) {
    const before = text;
    text = text.replace(from, to);
    if (text === before) throw new Error(`docker/nginx.conf has no ${String(from)} any more`);
  }
  mkdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'nginx.conf'), process.getuid?.() === 0 ? text : text.replace('user root;', ''));
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'nginx', '-e', join(folder, 'error.log'), '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore', detached: true });
  const killHard = (): void => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // gone
    }
  };
  process.once('exit', killHard);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let read = 0;
  const log = (): string => {
    try {
      return readFileSync(join(folder, 'access.log'), 'utf8');
    } catch {
      return '';
    }
  };
  await waitFor(`nginx (${folder})`, () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${readFileSync(join(folder, 'error.log'), 'utf8')}`);
    return readFileSync(join(folder, 'pid'), { encoding: 'utf8', flag: 'a+' }) !== '';
  });
  return {
    url: `https://127.0.0.1:${port}`,
    certificate: readFileSync(certificate, 'utf8'),
    requests() {
      const text = log();
      const lines = text.slice(read, text.lastIndexOf('\n') + 1).split('\n').slice(0, -1);
      read = text.lastIndexOf('\n') + 1;
      return lines.map((line) => {
        const [, cache = '', status = '', upstream = '', uri = ''] = /^(\S+) (\d+) \[([^\]]*)\] (\S+)/.exec(line) ?? [];
        return { cache, status: Number(status), passed: cache === 'MISS' || cache === 'EXPIRED' || cache === 'BYPASS' || (cache === '-' && upstream !== '-'), uri };
      });
    },
    async close() {
      process.off('exit', killHard);
      killHard();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
