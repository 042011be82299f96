import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages } from './pages.ts';

const SCRIPT = 'export const words = "the same again and again, the same again and again";\n';
const folder = mkdtempSync(join(tmpdir(), 'tessera-pages-'));
let server: Server;

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'assets/a-1.js'), SCRIPT);
  writeFileSync(join(folder, 'assets/a-1.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(folder, 'assets/plain-2.js'), SCRIPT);
  server = createServer(express().use(pages(folder)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe('assets of the pages', () => {
  it('come packed to whoever can unpack them', async () => {
    const { headers, body } = await asked('/assets/a-1.js', 'gzip, deflate');

    expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/javascript; charset=utf-8', vary: 'Accept-Encoding', 'cache-control': 'public, max-age=31536000, immutable' });
    expect(gunzipSync(body).toString()).toBe(SCRIPT);
  });

  it.each([
    ['who cannot unpack', '/assets/a-1.js', 'identity'],
    ['one that is not there packed', '/assets/plain-2.js', 'br, gzip'],
    ['who wants a packing that is not there', '/assets/a-1.js', 'br'],
  ])('come as they are: %s', async (_case, path, accept) => {
    const { headers, body } = await asked(path, accept);

    expect(headers['content-encoding']).toBeUndefined();
    expect(headers).toMatchObject({ vary: 'Accept-Encoding', 'cache-control': 'public, max-age=31536000, immutable' });
    expect(body.toString()).toBe(SCRIPT);
  });

  it('are only those in the folder', async () => {
    expect((await asked('/assets/..%2f..%2fetc%2fpasswd.js', 'gzip')).status).toBe(404);
  });
});

async function asked(path: string, accept: string): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const { port } = server.address() as AddressInfo;
  const response = await new Promise<IncomingMessage>((resolve, reject) => get({ port, host: '127.0.0.1', path, headers: { 'accept-encoding': accept } }, resolve).once('error', reject));
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) };
}
