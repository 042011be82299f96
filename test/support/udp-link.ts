/** A UDP relay that shapes what the edge sends to a viewer as a thin link does: a rate, a queue of limited length in front of it, and a delay. */
import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

const HEADER_BYTES = 28;

export interface UdpLink {
  port: number;
  /** May be changed at any time; what waits goes on at the new rate. */
  rateBps: number;
  /** Share of packets lost by chance, evenly spread, 0…1. */
  loss: number;
  passed: number;
  /** Bytes passed, with UDP and IP headers. */
  passedBytes: number;
  dropped: number;
  close(): void;
}

/** @param queueMs what the queue takes at the present rate before it drops; @param delayMs each way */
export async function startUdpLink(targetPort: number, options: { rateBps: number; queueMs?: number; delayMs?: number; loss?: number }): Promise<UdpLink> {
  const { queueMs = 400, delayMs = 20 } = options;
  const front = createSocket('udp4');
  const backs = new Map<string, Socket>();
  const queue: { message: Buffer; port: number; address: string }[] = [];
  let queuedBytes = 0;
  let credit = 0;
  let debt = 0;
  let atMs = performance.now();
  const link: UdpLink = {
    port: 0,
    rateBps: options.rateBps,
    loss: options.loss ?? 0,
    passed: 0,
    passedBytes: 0,
    dropped: 0,
    close: () => {
      clearInterval(timer);
      front.close();
      for (const back of backs.values()) back.close();
      backs.clear();
    },
  };
  const later = (send: () => void): void => void setTimeout(send, delayMs);
  const serve = (): void => {
    const nowMs = performance.now();
    credit = Math.min(credit + ((nowMs - atMs) * link.rateBps) / 8000, Math.max(1600, (10 * link.rateBps) / 8000));
    atMs = nowMs;
    for (let first = queue[0]; first && first.message.length + HEADER_BYTES <= credit; first = queue[0]) {
      queue.shift();
      const bytes = first.message.length + HEADER_BYTES;
      credit -= bytes;
      queuedBytes -= bytes;
      link.passed++;
      link.passedBytes += bytes;
      const { message, port, address } = first;
      later(() => backs.size > 0 && front.send(message, port, address));
    }
  };
  const timer = setInterval(serve, 4);
  front.on('message', (message, from) => {
    const key = `${from.address}:${from.port}`;
    let back = backs.get(key);
    if (!back) {
      back = createSocket('udp4');
      back.on('message', (answer) => {
        const bytes = answer.length + HEADER_BYTES;
        const byChance = (debt += link.loss) >= 1;
        if (byChance) debt -= 1;
        if (byChance || queuedBytes + bytes > Math.max(6000, (queueMs * link.rateBps) / 8000)) {
          link.dropped++;
          return;
        }
        queue.push({ message: answer, port: from.port, address: from.address });
        queuedBytes += bytes;
        serve();
      });
      backs.set(key, back);
    }
    const to = back;
    later(() => backs.get(key) === to && to.send(message, targetPort, '127.0.0.1'));
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  link.port = (front.address() as AddressInfo).port;
  return link;
}
