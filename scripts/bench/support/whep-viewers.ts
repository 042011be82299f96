/**
 * Many WHEP viewers in one process, made of node-datachannel: they count what arrives. Talks IPC with its parent:
 * in `{join: n}`, `{answer: index, sdp}`, `{report: true}`, `{leave: true}`; out `{offer: index, sdp}`, `{totals}`.
 */
import { Audio, PeerConnection, Video, type Track } from 'node-datachannel';

interface Counted {
  pc: PeerConnection;
  tracks: Track[];
  connected: boolean;
  packets: number;
  bytes: number;
  streams: Map<number, { first: number; highest: number; packets: number }>;
}

export interface ViewerTotals {
  viewers: number;
  connected: number;
  packets: number;
  bytes: number;
  /** Holes in the sequence numbers; packets that came in another order are none. */
  missing: number;
  /** The viewer with the fewest packets. */
  leastPackets: number;
}

const viewers: Counted[] = [];
const say = (message: object): void => void process.send?.(message);

function join(index: number): void {
  const pc = new PeerConnection(`v${index}`, { iceServers: [], disableAutoNegotiation: true, bindAddress: '127.0.0.1' });
  const video = new Video('0', 'RecvOnly');
  video.addH264Codec(96, 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1');
  const audio = new Audio('1', 'RecvOnly');
  audio.addOpusCodec(111);
  const viewer: Counted = { pc, tracks: [pc.addTrack(video), pc.addTrack(audio)], connected: false, packets: 0, bytes: 0, streams: new Map() };
  viewers[index] = viewer;
  for (const track of viewer.tracks) track.onMessage((packet) => count(viewer, packet));
  pc.onStateChange((state) => {
    viewer.connected = state === 'connected';
  });
  pc.onGatheringStateChange((state) => {
    if (state === 'complete') say({ offer: index, sdp: pc.localDescription()?.sdp });
  });
  pc.setLocalDescription('offer');
}

function count(viewer: Counted, packet: Buffer): void {
  if (packet.length < 12 || ((packet[1] as number) >= 192 && (packet[1] as number) <= 223)) return;
  const ssrc = packet.readUInt32BE(8);
  const sequence = packet.readUInt16BE(2);
  let stream = viewer.streams.get(ssrc);
  if (!stream) viewer.streams.set(ssrc, (stream = { first: sequence, highest: sequence, packets: 0 }));
  const ahead = ((sequence - (stream.highest & 0xffff) + 0x8000) & 0xffff) - 0x8000;
  if (ahead > 0) stream.highest += ahead;
  stream.packets++;
  viewer.packets++;
  viewer.bytes += packet.length;
}

function totals(): ViewerTotals {
  const sum = (value: (v: Counted) => number): number => viewers.reduce((n, v) => n + value(v), 0);
  return {
    viewers: viewers.length,
    connected: sum((v) => (v.connected ? 1 : 0)),
    packets: sum((v) => v.packets),
    bytes: sum((v) => v.bytes),
    missing: sum((v) => [...v.streams.values()].reduce((n, s) => n + s.highest - s.first + 1 - s.packets, 0)),
    leastPackets: Math.min(...viewers.map((v) => v.packets)),
  };
}

process.on('message', (message: { join?: number; answer?: number; sdp?: string; report?: true; leave?: true }) => {
  try {
    if (message.join !== undefined) join(message.join);
    else if (message.answer !== undefined && message.sdp) viewers[message.answer]?.pc.setRemoteDescription(message.sdp, 'answer');
    else if (message.report) say({ totals: totals() });
    else if (message.leave) for (const viewer of viewers) viewer.pc.close();
  } catch (error) {
    say({ failed: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
say({ ready: true });
