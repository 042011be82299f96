/** A UDP relay between viewers and an edge that drops a share of what the edge sends: loss on loopback without netem. */
import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export interface UdpLossRelay {
  port: number;
  dropped: number;
  /** Share of large packets dropped, 0…1; may be changed at any time. */
  share: number;
  close(): void;
}

/** Only packets over 400 bytes (video) are dropped, every one in `1/share`, so a run is repeatable. */
export async function startUdpLossRelay(targetPort: number, share: number): Promise<UdpLossRelay> {
  const front = createSocket('udp4');
  const backs = new Map<string, Socket>();
  let debt = 0;
  const relay: UdpLossRelay = {
    port: 0,
    dropped: 0,
    share,
    close: () => {
      front.close();
      for (const back of backs.values()) back.close();
    },
  };
  front.on('message', (message, from) => {
    const key = `${from.address}:${from.port}`;
    let back = backs.get(key);
    if (!back) {
      back = createSocket('udp4');
      back.on('message', (answer) => {
        if (answer.length > 400 && (debt += relay.share) >= 1) {
          debt -= 1;
          relay.dropped++;
          return;
        }
        front.send(answer, from.port, from.address);
      });
      backs.set(key, back);
    }
    back.send(message, targetPort, '127.0.0.1');
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  relay.port = (front.address() as AddressInfo).port;
  return relay;
}
