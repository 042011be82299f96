/** A UDP relay between one publisher and its ingest that loses and delays packets on their way up: a bad line without netem. */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export interface BadLinkOptions {
  /** Share of packets that are lost, 0…1. */
  loss: number;
  /** Each packet is delayed by 0 to so many ms: they overtake each other. */
  jitterMs: number;
}

export interface BadLink {
  port: number;
  lost: number;
  passed: number;
  close(): void;
}

/** Losses are drawn by a fixed sequence, so that runs are alike. */
export async function startBadLink(target: { address: string; port: number }, { loss, jitterMs }: BadLinkOptions): Promise<BadLink> {
  const near = createSocket('udp4');
  const far = createSocket('udp4');
  let closed = false;
  let publisher: { address: string; port: number } | undefined;
  let state = 12_345;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const link: BadLink = {
    port: 0,
    lost: 0,
    passed: 0,
    close: () => {
      if (closed) return;
      closed = true;
      near.close();
      far.close();
    },
  };
  for (const socket of [near, far]) socket.on('error', () => undefined);
  near.on('message', (message, from) => {
    publisher = from;
    if (random() < loss) {
      link.lost++;
      return;
    }
    link.passed++;
    setTimeout(() => {
      if (!closed) far.send(message, target.port, target.address);
    }, random() * jitterMs);
  });
  far.on('message', (message) => {
    if (publisher && !closed) near.send(message, publisher.port, publisher.address);
  });
  await new Promise<void>((resolve) => near.bind(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => far.bind(0, '127.0.0.1', resolve));
  link.port = (near.address() as AddressInfo).port;
  return link;
}

/** The answer with a single candidate: the relay. */
export function throughLink(answer: string, port: number): string {
  return answer
    .replace(/^a=candidate:.*\r?\n/gm, '')
    .replace(/^(a=mid:.*)\r?\n/gm, `$1\r\na=candidate:1 1 UDP 2130706431 127.0.0.1 ${port} typ host\r\n`);
}

/** Where the answerer listens. IPv4 and UDP only. */
export function firstCandidate(answer: string): { address: string; port: number } | undefined {
  const found = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/im.exec(answer);
  return found ? { address: found[1] as string, port: Number(found[2]) } : undefined;
}
