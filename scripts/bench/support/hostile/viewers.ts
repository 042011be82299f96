/** Attacks of viewers with a connection, or who never get one. */
import { setTimeout as delay } from 'node:timers/promises';
import { bandwidthEstimate, receiverReport } from '../viewer-feedback.ts';
import { Tally, atRate, type Attack, type Begin } from './attack.ts';
import { openOwnClient, VIDEO_PAYLOAD_TYPE, type OwnClient } from './own-client.ts';
import type { Target } from './target.ts';

const PER_SECOND_TAKEN = 250;
const PER_SECOND_FLOOD = 3000;
const MEDIA_PER_SECOND = 800;

async function connected(target: Target, address: string, direction: 'RecvOnly' | 'SendRecv' = 'RecvOnly'): Promise<OwnClient> {
  const client = await openOwnClient(target, { kind: 'whep', address, direction });
  for (let i = 0; i < 100 && client.videoSsrc === 0; i++) await delay(50);
  if (client.videoSsrc === 0) throw new Error(`a hostile viewer got no picture (${client.status})`);
  return client;
}

/** A packet of RTCP with zeros behind its head. */
function rtcp(type: number, count: number, bytes: number, ssrc: number): Buffer {
  const out = Buffer.alloc(bytes);
  out[0] = 0x80 | count;
  out[1] = type;
  out.writeUInt16BE(bytes / 4 - 1, 2);
  out.writeUInt32BE(1, 4);
  out.writeUInt32BE(ssrc, 8);
  return out;
}

/** «All of the last 5,000 packets are lost.» */
function everythingLost(ssrc: number): Buffer {
  const out = rtcp(205, 1, 1200, ssrc);
  for (let at = 12, sequence = 0; at < out.length; at += 4, sequence += 17) out.writeUInt32BE(((sequence & 0xffff) * 0x10000 + 0xffff) >>> 0, at);
  return out;
}

function falsehood(turn: number, ssrc: number): Buffer {
  switch (turn % 8) {
    case 0:
      return everythingLost(ssrc);
    case 1:
      return rtcp(206, 1, 12, ssrc); // picture lost
    case 2:
      return bandwidthEstimate(ssrc, turn % 16 === 2 ? 1e18 : 1);
    case 3: {
      const report = receiverReport(ssrc, 0xffffffff);
      report.writeUInt32BE(0xff7fffff, 12); // all lost, and more than ever were sent
      report.writeUInt32BE((Math.random() * 0xffffffff) >>> 0, 24);
      return report;
    }
    case 4: {
      const fir = rtcp(206, 4, 20, 0);
      fir.writeUInt32BE(ssrc, 12);
      return fir;
    }
    case 5:
      return everythingLost((Math.random() * 0xffffffff) >>> 0);
    case 6:
      return Buffer.concat([rtcp(203, 1, 8 + 4, ssrc), receiverReport(0, 0)]); // goodbye, from somebody else
    default:
      return Buffer.from([0x8f, 201, 0xff, 0xff, ...new Array<number>(40).fill(255)]); // longer than it is
  }
}

/** `size` viewers that lie about what they got, as often as is still taken; and one more that floods. */
export const fakeFeedback: Begin = async (target, size) => {
  const tally = new Tally();
  const liars = await Promise.all(Array.from({ length: size }, (_, i) => connected(target, `198.51.100.${i + 1}`)));
  const flooder = await connected(target, '198.51.100.200');
  let turn = 0;
  const send = (client: OwnClient): void => {
    if (client.video.isOpen() && client.video.sendMessageBinary(falsehood(turn++, client.videoSsrc))) tally.add('sent');
  };
  const stops = [...liars.map((liar) => atRate(PER_SECOND_TAKEN, () => send(liar))), atRate(PER_SECOND_FLOOD, () => send(flooder))];
  return attackOf(tally, stops, [...liars, flooder], async () => ({ flooder: await flooder.look(), liars: (await Promise.all(liars.map((liar) => liar.look()))).filter((status) => status === 204).length }));
};

/** `size` viewers that send pictures, under the name of what they get and under others. */
export const sendsMedia: Begin = async (target, size) => {
  const tally = new Tally();
  const senders = await Promise.all(Array.from({ length: size }, (_, i) => connected(target, `198.51.100.${i + 1}`, 'SendRecv')));
  const packet = Buffer.alloc(1100);
  packet[0] = 0x80;
  let sequence = 0;
  const stops = senders.map((sender) =>
    atRate(MEDIA_PER_SECOND, () => {
      packet[1] = VIDEO_PAYLOAD_TYPE;
      packet.writeUInt16BE(sequence++ & 0xffff, 2);
      packet.writeUInt32BE([1001, sender.videoSsrc, 77][sequence % 3] as number, 8);
      if (sender.video.isOpen() && sender.video.sendMessageBinary(packet)) tally.add('sent');
    }),
  );
  return attackOf(tally, stops, senders, async () => ({ alive: (await Promise.all(senders.map((s) => s.look()))).filter((status) => status === 204).length }));
};

/** `size` offers a second, to watch and to publish in turns, with the fingerprint of a certificate that the caller does not have. */
export const wrongFingerprints: Begin = async (target, size) => {
  const tally = new Tally();
  const clients: OwnClient[] = [];
  let turn = 0;
  const stop = atRate(size, async () => {
    const i = turn++;
    const falsify = (offer: string): string => offer.replace(/^(a=fingerprint:.*)(..)$/gm, (_, head: string, last: string) => head + (last === '00' ? '01' : '00'));
    const client = await openOwnClient(target, i % 2 === 0 ? { kind: 'whep', address: '198.51.100.7', falsify } : { kind: 'whip', address: '198.51.100.8', direction: 'SendOnly', falsify });
    tally.add(client.status);
    if (client.status === 201) clients.push(client);
  });
  return attackOf(tally, [stop], clients, async () => ({
    tried: clients.length,
    connected: clients.filter((c) => c.connected).length,
    packets: clients.reduce((n, c) => n + c.packets, 0),
    alive: (await Promise.all(clients.map((c) => c.look()))).filter((status) => status !== 404).length,
  }));
};

function attackOf(tally: Tally, stops: (() => void)[], clients: readonly OwnClient[], more: () => Promise<Record<string, number>>): Attack {
  return {
    figures: async () => ({ ...tally.counts, ...(await more()) }),
    close: async () => {
      for (const stop of stops) stop();
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
