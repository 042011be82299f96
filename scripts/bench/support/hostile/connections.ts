/** Attacks with TCP connections alone: none of these clients takes what it asked for. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Tally, type Begin } from './attack.ts';
import { hlsRoot, type Target } from './target.ts';

const AT_ONCE = 100;
/** Each loopback address has ports of its own. */
const SOURCES = 50;

async function open(target: Target, count: number, tally: Tally, onOpen: (socket: Socket, index: number) => void, atOnce = AT_ONCE, pauseMs = 5): Promise<Socket[]> {
  const { hostname, port } = new URL(target.url);
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += atOnce) {
    await Promise.all(
      Array.from({ length: Math.min(atOnce, count - i) }, (_, k) => {
        const socket = connect({ host: hostname, port: Number(port), localAddress: `127.0.0.${2 + ((i + k) % SOURCES)}` });
        sockets.push(socket);
        return new Promise<void>((resolve) => {
          socket.once('connect', () => {
            tally.add('opened');
            onOpen(socket, i + k);
            resolve();
          });
          socket.once('error', () => tally.add('errors'));
          socket.once('close', () => {
            tally.add('closed');
            resolve();
          });
        });
      }),
    );
    await delay(pauseMs);
  }
  return sockets;
}

/** `size` connections: every second one sends nothing, the others the first half of a request. */
export const idleConnections: Begin = async (target, size) => {
  const tally = new Tally();
  const sockets = await open(target, size, tally, (socket, i) => {
    if (i % 2 === 1) socket.write(`GET /hls/${target.room}/index.m3u8 HTTP/1.1\r\nHost: 127.0.0.1\r\n`);
    socket.resume(); // to hear of the end
  });
  return { figures: () => ({ ...tally.counts, open: sockets.filter((s) => !s.destroyed).length }), close: () => sockets.forEach((s) => s.destroy()) };
};

/** `size` connections, 200 a second, each asking for six segments at once and reading none; half with the token in the path, half with it in the header. */
export const slowReaders: Begin = async (target, size) => {
  const tally = new Tally();
  const root = hlsRoot(target);
  const playlist = await (await fetch(`${root}high.m3u8`)).text();
  const segments = playlist.split('\n').filter((line) => line.endsWith('.m4s') && !line.startsWith('#')).slice(-8);
  tally.add('segments', segments.length);
  const ask = (socket: Socket, i: number): void => {
    const byHeader = i % 2 === 1;
    for (let k = 0; k < 6; k++) {
      const segment = segments[(i + k) % segments.length] ?? 'index.m3u8';
      const path = byHeader ? `/hls/${target.room}/${segment}` : `${new URL(root).pathname}${segment}`;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${byHeader ? `Authorization: Bearer ${target.viewerToken}\r\n` : ''}\r\n`);
    }
    socket.pause();
  };
  const sockets = await open(target, size, tally, ask, 10, 50);
  // One in ten takes a little now and then, so as to look alive.
  const timer = setInterval(() => {
    for (let i = 0; i < sockets.length; i += 10) sockets[i]?.read(256);
  }, 500);
  return {
    figures: () => ({ ...tally.counts, open: sockets.filter((s) => !s.destroyed).length }),
    close: () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
};

/** One connection with `size` requests for coming parts, one behind the other. */
export const heldInARow: Begin = async (target, size) => {
  const tally = new Tally();
  const root = new URL(hlsRoot(target));
  const playlist = await (await fetch(`${root.href}mid.m3u8`)).text();
  const msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1] ?? 0) + playlist.split('#EXTINF').length;
  const [socket] = await open(target, 1, tally, (s) => {
    s.on('data', (data) => tally.add('answers', data.toString('latin1').split('HTTP/1.1 ').length - 1));
    s.write(`GET ${root.pathname}mid.m3u8?_HLS_msn=${msn}&_HLS_part=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(size));
  });
  return { figures: () => ({ ...tally.counts }), close: () => void socket?.destroy() };
};
