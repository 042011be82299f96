/** Attacks with HTTP requests. */
import { Agent, request, type RequestOptions } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { PlainConnection } from '../plain-connection.ts';
import { Tally, atRate, type Begin } from './attack.ts';
import { openOwnClient, type OwnClient } from './own-client.ts';
import { from, hlsRoot, type Target } from './target.ts';

const ADDRESS = '198.51.100.66';

function nextPart(playlist: string): string {
  const lines = playlist.split('\n');
  const whole = lines.filter((line) => line.startsWith('#EXTINF')).length;
  const open = lines.slice(lines.findLastIndex((line) => line.startsWith('#EXTINF')) + 1).filter((line) => line.startsWith('#EXT-X-PART:')).length;
  return `_HLS_msn=${Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1] ?? 0) + whole}&_HLS_part=${open}`;
}

/**
 * `size` clients that ask for the next part's playlist for ever and read no part; a third with a word of their own in the query, against
 * caches. A tenth as many ask for what will never be, again and again.
 */
export const blockingReloads: Begin = async (target, size) => {
  const tally = new Tally();
  const root = new URL(hlsRoot(target));
  const to = { host: root.hostname, port: Number(root.port) };
  const list = (query: string): string => `GET ${root.pathname}mid.m3u8?${query} HTTP/1.1\r\nHost: ${root.host}\r\n\r\n`;
  const connections = new Set<PlainConnection>();
  let open = true;
  let query = nextPart(await (await fetch(`${root.href}mid.m3u8`)).text());
  /** Asks, and asks again when the answer is there and `pauseMs` have passed. */
  const again = (connection: PlainConnection, ask: () => string, pauseMs: number, reads: boolean): void => {
    connection.ask(
      ask(),
      (status, text) => {
        if (!open) return;
        tally.add(status === 0 ? 'errors' : status);
        if (reads && status === 200) query = nextPart(text);
        const next = (): void => again(connection.ended ? begin() : connection, ask, pauseMs, reads);
        if (connection.ended) connections.delete(connection);
        if (pauseMs > 0 || status !== 200) setTimeout(next, pauseMs || 100);
        else next();
      },
      reads,
    );
  };
  const begin = (): PlainConnection => {
    const connection = new PlainConnection(to);
    connections.add(connection);
    return connection;
  };
  const neverToBe = ['_HLS_msn=999999999999', '_HLS_part=3', '_HLS_msn=99999999&_HLS_part=9', '_HLS_msn=abc'].map(list);
  for (let i = 0; i < size; i++) again(begin(), () => list(i % 3 === 0 ? `${query}&own=${i}-${Math.random()}` : query), 0, i % 50 === 0);
  for (let i = 0; i < size / 10; i++) again(begin(), () => neverToBe[i % neverToBe.length] ?? '', 50, false);
  return {
    figures: () => ({ ...tally.counts }),
    close: () => {
      open = false;
      for (const connection of connections) connection.close();
    },
  };
};

/** As players do: who is refused while the machine is busy comes again. @throws when it is refused all the time, with the status */
async function acceptedClient(target: Target): Promise<OwnClient> {
  for (let tries = 1; ; tries++) {
    const own = await openOwnClient(target, { kind: 'whep', address: ADDRESS });
    if (own.status === 201) return own;
    await own.close(false);
    if (tries === 5) throw new Error(`WHEP answered ${own.status}`);
    await delay(500);
  }
}

/** `size` PATCHes a second from one address, on a session of its own: good ones, restarts, stale ones, huge ones. */
export const patchFlood: Begin = async (target, size) => {
  const tally = new Tally();
  const own = await acceptedClient(target);
  const agent = new Agent({ keepAlive: true });
  const candidate = (i: number): string => `a=candidate:${i} 1 udp 2122260223 127.0.0.1 ${10_000 + (i % 50_000)} typ host\r\n`;
  let sent = 0;
  const stop = atRate(size, async () => {
    const i = sent++;
    const body = i % 4 === 0 ? `m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n${candidate(i)}` : i % 4 === 1 ? 'a=ice-ufrag:newU\r\na=ice-pwd:0123456789012345678901\r\n' : i % 4 === 2 ? candidate(i).repeat(1500) : 'x';
    const ifMatch = i % 4 === 1 ? '*' : i % 4 === 3 ? '"stale"' : own.etag;
    const headers = { ...from(ADDRESS), authorization: `Bearer ${target.viewerToken}`, 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': ifMatch };
    tally.add(await patched(own.session, { agent, headers }, body));
  });
  return {
    figures: async () => ({ ...tally.counts, session: await own.look(), packets: own.packets }),
    close: async () => {
      stop();
      agent.destroy();
      await own.close(false);
    },
  };
};

function patched(url: string, options: RequestOptions, body: string): Promise<number | string> {
  return new Promise((resolve) => {
    const req = request(url, { ...options, method: 'PATCH', timeout: 10_000 }, (res) => {
      res.resume().once('end', () => resolve(res.statusCode ?? 'errors'));
      res.once('error', () => resolve('errors'));
    });
    req.once('timeout', () => req.destroy());
    req.once('error', () => resolve('errors'));
    req.end(body);
  });
}

/** `size` POSTs a second from one address, with an offer that is never meant: the places of an edge are to run out. */
export const emptyPromises: Begin = async (target, size) => {
  const tally = new Tally();
  let offer = '';
  const first = await openOwnClient(target, { kind: 'whep', address: ADDRESS, falsify: (own) => (offer = own) });
  await first.close();
  const stop = atRate(size, async () => tally.add(await promise(target, offer)));
  return { figures: () => ({ ...tally.counts }), close: stop };
};

async function promise(target: Target, offer: string): Promise<number | string> {
  try {
    const response = await fetch(`${target.url}/whep/${target.room}`, {
      method: 'POST',
      headers: { ...from(ADDRESS), authorization: `Bearer ${target.viewerToken}`, 'content-type': 'application/sdp' },
      body: Buffer.from(offer),
      signal: AbortSignal.timeout(10_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 'errors';
  }
}
