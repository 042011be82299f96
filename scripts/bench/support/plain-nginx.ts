/** Debian's nginx with one worker that serves files from a folder on a Unix socket: what the origin is compared with. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const NGINX_MISSING = 'nginx is missing: apt-get install nginx-light';

export function nginxIsThere(): boolean {
  return existsSync('/usr/sbin/nginx');
}

export class PlainNginx {
  readonly socket: string;
  readonly #process: ChildProcess;

  /** @param folder of its own @param files by path below `/` */
  constructor(
    private readonly folder: string,
    files: Readonly<Record<string, Buffer>>,
  ) {
    const root = join(folder, 'files');
    mkdirSync(root, { recursive: true });
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
    this.socket = join(folder, 'nginx.sock');
    writeFileSync(
      join(folder, 'nginx.conf'),
      `${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log warn;
      events { worker_connections 4096; }
      http {
        access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 65; open_file_cache max=100; gzip_static on;
        client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2; fastcgi_temp_path ${folder}/t3; uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
        types { application/vnd.apple.mpegurl m3u8; video/iso.segment m4s; }
        server { listen unix:${this.socket}; root ${root}; add_header Cache-Control "public, max-age=31536000, immutable"; add_header Access-Control-Allow-Origin *; }
      }`,
    );
    this.#process = spawn('nginx', ['-e', join(folder, 'error.log'), '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  }

  /** @returns the worker's process id @throws Error when it does not come within 5 s */
  async worker(): Promise<number> {
    for (const untilMs = performance.now() + 5000; performance.now() < untilMs; await delay(50)) {
      const pid = this.#process.pid;
      const children = pid === undefined ? '' : safeRead(`/proc/${pid}/task/${pid}/children`);
      if (children.trim() !== '' && existsSync(this.socket)) return Number(children.trim().split(' ')[0]);
    }
    throw new Error(`nginx did not start: ${safeRead(join(this.folder, 'error.log'))}`);
  }

  close(): void {
    this.#process.kill('SIGTERM'); // its worker with it
  }
}

function safeRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
