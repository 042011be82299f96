/**
 * Many WHEP viewers in one process, made of node-datachannel: they count what arrives. Talks IPC with its parent:
 * in `{join: n}`, `{answer: index, sdp}`, `{take: index, sdp}` (an offer to be answered), `{report: true}`, `{leave: true}`;
 * out `{offer: index, sdp}`, `{answered: index, sdp}`, `{totals}`. With `--feedback MS` they do what a browser does: offer
 * retransmission, tell loss and bandwidth of the picture each so often (Chromium: 2–4 times a second) and of the sound each 5 s, and
 * ask for one packet again each second or so.
 */
import { networkInterfaces } from 'node:os';
import { Audio, PeerConnection, Video, type Track } from 'node-datachannel';
import { KeyframeWatch } from './keyframe-watch.ts';
import { bandwidthEstimate, negativeAck, receiverReport } from './viewer-feedback.ts';

const VIDEO_PAYLOAD_TYPE = 96;
const SOUND_EVERY_MS = 5000;
const NACK_EVERY_MS = 1000;
const RTX_PAYLOAD_TYPE = 97;
const feedbackMs = process.argv[2] === '--feedback' ? Number(process.argv[3]) : 0;

const FEEDBACK_GROUPS = 10;

interface Stream {
  track: Track;
  first: number;
  highest: number;
  packets: number;
  video: boolean;
  asked: Set<number>;
}

interface Counted {
  pc: PeerConnection;
  tracks: Track[];
  connected: boolean;
  packets: number;
  bytes: number;
  streams: Map<number, Stream>;
  picture: KeyframeWatch;
  pictureAtMs: number;
  repaired: number;
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
  /** Packets asked for again, and those that came. */
  asked: number;
  repaired: number;
  /** By viewer: when the last packet of its first keyframe came, ms since 1970; 0 before. */
  firstPictureAtMs: number[];
}

let viewers: Counted[] = [];
let askedInAll = 0;
const say = (message: object): void => void process.send?.(message);

function add(index: number, pc: PeerConnection): Counted {
  const viewer: Counted = { pc, tracks: [], connected: false, packets: 0, bytes: 0, streams: new Map(), picture: new KeyframeWatch(), pictureAtMs: 0, repaired: 0 };
  viewers[index] = viewer;
  pc.onStateChange((state) => {
    viewer.connected = state === 'connected';
  });
  return viewer;
}

function listen(viewer: Counted, track: Track): void {
  viewer.tracks.push(track);
  track.onMessage((packet) => count(viewer, track, packet));
}

function join(index: number): void {
  const pc = new PeerConnection(`v${index}`, { iceServers: [], disableAutoNegotiation: true, bindAddress: '127.0.0.1' });
  const viewer = add(index, pc);
  const video = new Video('0', 'RecvOnly');
  video.addH264Codec(VIDEO_PAYLOAD_TYPE, 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1');
  if (feedbackMs > 0) video.addRTXCodec(RTX_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE, 90_000);
  const audio = new Audio('1', 'RecvOnly');
  audio.addOpusCodec(111);
  for (const track of [pc.addTrack(video), pc.addTrack(audio)]) listen(viewer, track);
  pc.onGatheringStateChange((state) => {
    // Without candidates: a server that checks them before we have its answer can bring libdatachannel to DTLS before it knows the fingerprint,
    // and the connection is closed while its answer is being read («remote candidate without ICE transport»; one in some hundred).
    if (state === 'complete') say({ offer: index, sdp: pc.localDescription()?.sdp.replace(/^a=candidate:.*\r\n/gm, '') });
  });
  pc.setLocalDescription('offer');
}

/** For servers that offer. Janus has no candidate on 127.0.0.1; packets between this machine's own addresses go over loopback all the same. */
function take(index: number, sdp: string): void {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  const pc = new PeerConnection(`v${index}`, { iceServers: [], disableAutoNegotiation: true, bindAddress: own ?? '127.0.0.1' });
  const viewer = add(index, pc);
  pc.onTrack((track) => listen(viewer, track));
  pc.onGatheringStateChange((state) => {
    if (state === 'complete') say({ answered: index, sdp: pc.localDescription()?.sdp });
  });
  pc.setRemoteDescription(sdp, 'offer');
  pc.setLocalDescription('answer');
}

function count(viewer: Counted, track: Track, packet: Buffer): void {
  if (packet.length < 12 || ((packet[1] as number) >= 192 && (packet[1] as number) <= 223)) return;
  viewer.packets++;
  viewer.bytes += packet.length;
  const payloadType = (packet[1] as number) & 0x7f;
  if (payloadType === RTX_PAYLOAD_TYPE) {
    viewer.repaired++;
    return;
  }
  const ssrc = packet.readUInt32BE(8);
  const sequence = packet.readUInt16BE(2);
  let stream = viewer.streams.get(ssrc);
  if (!stream) viewer.streams.set(ssrc, (stream = { track, first: sequence, highest: sequence, packets: 0, video: payloadType === VIDEO_PAYLOAD_TYPE, asked: new Set() }));
  const ahead = ((sequence - (stream.highest & 0xffff) + 0x8000) & 0xffff) - 0x8000;
  if (stream.asked.size > 0 && stream.asked.delete(sequence)) {
    viewer.repaired++;
    return;
  }
  if (ahead > 0) stream.highest += ahead;
  stream.packets++;
  if (stream.video && viewer.pictureAtMs === 0 && viewer.picture.packet(packet)) viewer.pictureAtMs = performance.timeOrigin + performance.now();
}

let round = 0;
/** A tenth of the viewers at a time. */
function sendFeedback(): void {
  round++;
  const turn = Math.floor(round / FEEDBACK_GROUPS);
  for (let i = round % FEEDBACK_GROUPS; i < viewers.length; i += FEEDBACK_GROUPS) {
    const viewer = viewers[i];
    if (!viewer?.connected) continue;
    for (const [ssrc, stream] of viewer.streams) {
      if (!stream.video && turn % Math.round(SOUND_EVERY_MS / feedbackMs) !== 0) continue;
      const reports = [receiverReport(ssrc, stream.highest)];
      if (stream.video) {
        reports.push(bandwidthEstimate(ssrc, 2_000_000));
        if (turn % Math.max(1, Math.round(NACK_EVERY_MS / feedbackMs)) === 0) {
          const sequence = (stream.highest - 8) & 0xffff;
          stream.asked.clear();
          stream.asked.add(sequence);
          askedInAll++;
          reports.push(negativeAck(ssrc, sequence));
        }
      }
      try {
        stream.track.sendMessageBinary(Buffer.concat(reports));
      } catch {
        // closing
      }
    }
  }
}
if (feedbackMs > 0) setInterval(sendFeedback, feedbackMs / FEEDBACK_GROUPS);

function totals(): ViewerTotals {
  const here = viewers.filter((v) => v !== undefined);
  const sum = (value: (v: Counted) => number): number => here.reduce((n, v) => n + value(v), 0);
  return {
    viewers: here.length,
    connected: sum((v) => (v.connected ? 1 : 0)),
    packets: sum((v) => v.packets),
    bytes: sum((v) => v.bytes),
    missing: sum((v) => [...v.streams.values()].reduce((n, s) => n + s.highest - s.first + 1 - s.packets, 0)),
    leastPackets: Math.min(...here.map((v) => v.packets)),
    asked: askedInAll,
    repaired: sum((v) => v.repaired),
    firstPictureAtMs: viewers.map((v) => v.pictureAtMs),
  };
}

process.on('message', (message: { join?: number; answer?: number; take?: number; sdp?: string; report?: true; leave?: true }) => {
  try {
    if (message.join !== undefined) join(message.join);
    else if (message.answer !== undefined && message.sdp) viewers[message.answer]?.pc.setRemoteDescription(message.sdp, 'answer');
    else if (message.take !== undefined && message.sdp) take(message.take, message.sdp);
    else if (message.report) say({ totals: totals() });
    else if (message.leave) {
      for (const viewer of viewers) viewer.pc.close();
      viewers = [];
      askedInAll = 0;
    }
  } catch (error) {
    say({ failed: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
say({ ready: true });
