/** The encoded loops as RTP over UDP on loopback, for plain GStreamer to receive. */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ } from '../../../src/media/rtp.ts';
import { LOOP_SIZES, type LoopSize } from '../../synthetic/replay/loop-sizes.ts';
import { PACKET_MS, readLoops } from '../../synthetic/replay/read-loops.ts';
import { wallMs } from '../../synthetic/replay/replayed-publisher.ts';
import { RtpTrack, type Transport } from '../../synthetic/replay/rtp-track.ts';

export interface RtpPorts {
  video: number;
  audio: number;
}

const TICK_MS = 5;
/** GStreamer has no way to ask: a keyframe comes each 4 s, and the first ones are sent when it listens. */
const BEGIN_AFTER_MS = 1500;

export async function startRtp(folder: string, sources: readonly { size: string }[]): Promise<{ ports: RtpPorts[]; close(): void }> {
  const loops = readLoops(folder);
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  const ports: RtpPorts[] = [];
  for (let i = 0; i < sources.length; i++) ports.push({ video: await freeUdpPort(), audio: await freeUdpPort() });
  const startMs = wallMs() + BEGIN_AFTER_MS;
  const to = (port: number): Transport => ({ isOpen: () => true, onMessage: () => undefined, sendMessageBinary: (packet) => (socket.send(packet, port, '127.0.0.1'), true) });
  const people = sources.map(({ size: name }, i) => {
    const size = LOOP_SIZES.find((s) => s.name === name) as LoopSize;
    const { video: videoPort, audio: audioPort } = ports[i] as RtpPorts;
    const video = new RtpTrack(96, VIDEO_CLOCK_HZ);
    const audio = new RtpTrack(111, AUDIO_CLOCK_HZ);
    video.attach(to(videoPort), startMs);
    audio.attach(to(audioPort), startMs);
    return { video, audio, size, pictures: loops.person.get(name) as readonly Buffer[], frame: 0, packet: 0 };
  });
  const timer = setInterval(() => {
    const sinceMs = wallMs() - startMs;
    for (const person of people) {
      const frameMs = 1000 / person.size.frameRate;
      for (; person.frame * frameMs <= sinceMs; person.frame++) person.video.sendVp8(person.pictures[person.frame % person.pictures.length] as Buffer, startMs + person.frame * frameMs);
      for (; (person.packet + 1) * PACKET_MS <= sinceMs; person.packet++) person.audio.sendWhole(loops.speech[person.packet % loops.speech.length] as Buffer, startMs + person.packet * PACKET_MS);
    }
  }, TICK_MS);
  return {
    ports,
    close: () => {
      clearInterval(timer);
      socket.close();
    },
  };
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
