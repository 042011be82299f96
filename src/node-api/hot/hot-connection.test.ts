import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Answer } from './answer.ts';
import { HotConnection } from './hot-connection.ts';
import { Turns } from './turns.ts';

const SECOND = 1000;
const REQUEST = 'GET /hls/a HTTP/1.1\r\nHost: h\r\n\r\n';
const answer = new Answer({ status: 200, contentType: 'text/plain', cacheControl: 'no-store', body: [Buffer.alloc(100_000)] });

/** A client's end that takes nothing until it is told to, and says how much waits. */
class Client extends Duplex {
  readonly _handle = { writeQueueSize: 0 };
  taken: () => void = () => undefined;

  constructor() {
    super({ writableHighWaterMark: 1000 });
  }
  override _read(): void {
    // pushed from outside
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this._handle.writeQueueSize += chunk.length;
    this.taken = () => {
      this._handle.writeQueueSize = 0;
      done();
    };
  }
}

let client: Client;
let connection: HotConnection;
const after = (ms: number): boolean => {
  vi.setSystemTime(Date.now() + ms);
  return connection.isStale(Date.now());
};
const sends = async (text: string): Promise<void> => {
  client.push(text);
  await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  client = new Client();
  const host = {
    desk: { answer: () => answer, lines: () => '' },
    prefix: '/hls/',
    tail: () => Buffer.from('\r\n'),
    passOn: () => undefined,
    closed: () => undefined,
    turns: new Turns(32),
    ownReadBuffer: false,
    sender: undefined,
    closing: false,
  };
  connection = new HotConnection(host, client as unknown as Socket, Date.now());
});
afterEach(() => {
  client.destroy();
  vi.useRealTimers();
});

describe('a connection is ended', () => {
  it('when it asks for nothing within 20 s', () => {
    expect(after(19 * SECOND)).toBe(false);
    expect(after(2 * SECOND)).toBe(true);
  });

  it('when its request does not end within 20 s, however it drips', async () => {
    await sends('GET /hls/a');
    expect(after(15 * SECOND)).toBe(false);
    await sends(' HTTP/1.1\r\nHost: h');
    expect(after(6 * SECOND)).toBe(true);
  });

  it('when it has asked, and then does not for 75 s', async () => {
    await sends(REQUEST);
    while (client.writableLength > 0) client.taken();
    await new Promise((resolve) => setImmediate(resolve));
    expect(after(70 * SECOND)).toBe(false);
    expect(after(6 * SECOND)).toBe(true);
  });

  it('when it takes nothing of an answer for 45 s, and not as long as it takes some', async () => {
    await sends(REQUEST);
    expect(client.writableLength).toBeGreaterThan(1000);
    for (let i = 0; i < 10; i++) {
      client._handle.writeQueueSize -= 100;
      expect(after(40 * SECOND)).toBe(false);
    }
    expect(after(40 * SECOND)).toBe(false);
    expect(after(6 * SECOND)).toBe(true);
  });
});
