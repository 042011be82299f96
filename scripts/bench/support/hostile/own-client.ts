/** One WHIP or WHEP client made of node-datachannel, whose offer and packets its owner may falsify. */
import { Audio, PeerConnection, Video, type Track } from 'node-datachannel';
import { from, type Target } from './target.ts';

export const VIDEO_PAYLOAD_TYPE = 96;
const GATHERING_TIMEOUT_MS = 3000;

export interface OwnClientOptions {
  kind: 'whip' | 'whep';
  /** Of the caller. */
  address: string;
  direction?: 'RecvOnly' | 'SendOnly' | 'SendRecv';
  /** What is sent instead of the true offer. */
  falsify?: (offer: string) => string;
  onPacket?: (packet: Buffer, track: Track) => void;
}

export interface OwnClient {
  /** Of the POST; the rest is empty unless 201. */
  status: number;
  session: string;
  etag: string;
  video: Track;
  /** Was connected at least once, ICE and DTLS. */
  connected: boolean;
  /** RTP, and the stream of the newest picture packet. */
  packets: number;
  videoSsrc: number;
  /** Of the session as the service sees it: 204 or 404. */
  look(): Promise<number>;
  /** DELETE (when `politely`) and close. */
  close(politely?: boolean): Promise<void>;
}

export async function openOwnClient(target: Target, { kind, address, direction = 'RecvOnly', falsify = (offer) => offer, onPacket }: OwnClientOptions): Promise<OwnClient> {
  const pc = new PeerConnection('own', { iceServers: [], disableAutoNegotiation: true, bindAddress: '127.0.0.1' });
  const video = new Video('0', direction);
  if (kind === 'whep') {
    video.addH264Codec(VIDEO_PAYLOAD_TYPE, 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1');
    video.addRTXCodec(97, VIDEO_PAYLOAD_TYPE, 90_000);
  } else video.addVP8Codec(VIDEO_PAYLOAD_TYPE);
  const audio = new Audio('1', direction);
  audio.addOpusCodec(111);
  if (direction !== 'RecvOnly') for (const [media, ssrc] of [[video, 1001], [audio, 1002]] as const) media.addSSRC(ssrc, 'own', 'own', `t${ssrc}`);
  const tracks = [pc.addTrack(video), pc.addTrack(audio)];
  const headers = { ...from(address), authorization: `Bearer ${kind === 'whep' ? target.viewerToken : target.publisherToken}` };
  const client: OwnClient = {
    status: 0,
    session: '',
    etag: '',
    video: tracks[0] as Track,
    connected: false,
    packets: 0,
    videoSsrc: 0,
    look: async () => (await fetch(client.session, { headers, signal: AbortSignal.timeout(10_000) })).status,
    close: async (politely = true) => {
      if (politely && client.session !== '') await fetch(client.session, { method: 'DELETE', headers, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
      pc.close();
    },
  };
  pc.onStateChange((state) => (client.connected ||= state === 'connected'));
  for (const track of tracks)
    track.onMessage((packet) => {
      const type = packet[1] as number;
      if (packet.length < 12 || (type >= 192 && type <= 223)) return;
      client.packets++;
      if (track === client.video && (type & 0x7f) === VIDEO_PAYLOAD_TYPE) client.videoSsrc = packet.readUInt32BE(8);
      onPacket?.(packet, track);
    });
  const gathered = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no candidates')), GATHERING_TIMEOUT_MS);
    pc.onGatheringStateChange((state) => {
      if (state !== 'complete') return;
      clearTimeout(timer);
      resolve();
    });
  });
  pc.setLocalDescription('offer');
  await gathered;
  const response = await fetch(`${target.url}/${kind}/${target.room}${kind === 'whep' ? '?rendition=mid' : ''}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/sdp' },
    body: Buffer.from(falsify((pc.localDescription()?.sdp ?? '').replace(/^a=candidate:.*\r\n/gm, ''))), // see whep-viewers.ts
    signal: AbortSignal.timeout(20_000),
  });
  const answer = await response.text();
  client.status = response.status;
  if (response.status !== 201) {
    pc.close();
    return client;
  }
  client.session = new URL(response.headers.get('location') ?? '', target.url).href;
  client.etag = response.headers.get('etag') ?? '';
  pc.setRemoteDescription(answer, 'answer');
  return client;
}
