/** Attacks with HTTP requests. */
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Tally, atRate, type Begin } from './attack.ts';
import { openOwnClient, type OwnClient } from './own-client.ts';
import { from, hlsRoot, type Target } from './target.ts';

const ADDRESS = '198.51.100.66';

function get(agent: Agent, url: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const req = request(url, { agent, timeout: 20_000 }, (res) => {
      let text = '';
      res.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      res.once('end', () => resolve({ status: res.statusCode ?? 0, text }));
      res.once('error', reject);
    });
    req.once('timeout', () => req.destroy());
    req.once('error', reject);
    req.end();
  });
}

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
  const agent = new Agent({ keepAlive: true });
  const root = hlsRoot(target);
  let open = true;
  let query = nextPart((await get(agent, `${root}mid.m3u8`)).text);
  const follow = async (i: number): Promise<void> => {
    while (open) {
      const own = i % 3 === 0 ? `&own=${i}-${Math.random()}` : '';
      try {
        const { status, text } = await get(agent, `${root}mid.m3u8?${query}${own}`);
        tally.add(status);
        if (status === 200 && i % 50 === 0) query = nextPart(text);
        if (status !== 200) await delay(100);
      } catch {
        if (!open) return;
        tally.add('errors');
        await delay(100);
      }
    }
  };
  const neverToBe = async (i: number): Promise<void> => {
    const asked = ['_HLS_msn=999999999999', '_HLS_part=3', '_HLS_msn=99999999&_HLS_part=9', '_HLS_msn=abc'];
    while (open) {
      const { status } = await get(agent, `${root}mid.m3u8?${asked[i % asked.length]}`).catch(() => ({ status: 'errors' }));
      tally.add(status);
      await delay(50);
    }
  };
  for (let i = 0; i < size; i++) void follow(i);
  for (let i = 0; i < size / 10; i++) void neverToBe(i);
  return {
    figures: () => ({ ...tally.counts }),
    close: () => {
      open = false;
      agent.destroy();
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
  const candidate = (i: number): string => `a=candidate:${i} 1 udp 2122260223 127.0.0.1 ${10_000 + (i % 50_000)} typ host\r\n`;
  let sent = 0;
  const stop = atRate(size, async () => {
    const i = sent++;
    const body = i % 4 === 0 ? `m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n${candidate(i)}` : i % 4 === 1 ? 'a=ice-ufrag:newU\r\na=ice-pwd:0123456789012345678901\r\n' : i % 4 === 2 ? candidate(i).repeat(1500) : 'x';
    const ifMatch = i % 4 === 1 ? '*' : i % 4 === 3 ? '"stale"' : own.etag;
    const response = await fetch(own.session, {
      method: 'PATCH',
      headers: { ...from(ADDRESS), authorization: `Bearer ${target.viewerToken}`, 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': ifMatch },
      body: Buffer.from(body),
      signal: AbortSignal.timeout(10_000),
    }).catch(() => undefined);
    tally.add(response?.status ?? 'errors');
    await response?.arrayBuffer().catch(() => undefined);
  });
  return {
    figures: async () => ({ ...tally.counts, session: await own.look(), packets: own.packets }),
    close: async () => {
      stop();
      await own.close(false);
    },
  };
};

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
