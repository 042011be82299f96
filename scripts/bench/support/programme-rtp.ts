/** A ready-made programme as plain RTP on loopback, in the same packets as the edge makes: what Janus's mountpoints take. */
import { createSocket } from 'node:dgram';
import { packetiseH264, packetiseOpus, parameterSets } from '../../../src/media/rtp-h264.ts';
import { AUDIO_CLOCK_HZ, rtpTicks, stampRtpHeader, VIDEO_CLOCK_HZ } from '../../../src/media/rtp.ts';
import type { TrackName } from '../../../src/domain/rendition.ts';
import type { RoomId } from '../../../src/domain/ids.ts';
import { ProgrammeSubscription } from '../../../src/edge/programme-subscription.ts';

/** Port and payload type for each track that is wanted. */
export type RtpTargets = Partial<Record<TrackName, { port: number; payloadType: number }>>;

export async function sendProgrammeRtp(path: string, room: string, targets: RtpTargets): Promise<{ close(): void }> {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  const sets = new Map<TrackName, Buffer[]>();
  const sequences = new Map<TrackName, number>();
  const subscription = new ProgrammeSubscription({ room: room as RoomId, address: () => ({ path }) });
  subscription.on('init', (init) => sets.set(init.track, init.codec === 'h264' ? parameterSets(Buffer.from(init.config, 'base64')) : []));
  subscription.on('unit', ({ track, data, ptsNs }) => {
    const target = targets[track];
    if (!target) return;
    const video = track.startsWith('video:');
    const packets = video ? packetiseH264(data, sets.get(track) ?? []) : [packetiseOpus(data)];
    let sequence = sequences.get(track) ?? 0;
    for (const packet of packets) {
      stampRtpHeader(packet, target.payloadType, sequence++, rtpTicks(ptsNs, video ? VIDEO_CLOCK_HZ : AUDIO_CLOCK_HZ), target.port);
      socket.send(packet, target.port, '127.0.0.1');
    }
    sequences.set(track, sequence & 0xffff);
  });
  await subscription.start();
  return {
    close: () => {
      subscription.close();
      socket.close();
    },
  };
}
