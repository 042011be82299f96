/** werift as a WHIP publisher (of RTP that GStreamer makes) and as a WHEP viewer (into a WebM file). */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { MediaStreamTrack, RTCPeerConnection, RtpPacket, useH264, useOPUS, usePCMU, useVideoOrientation, useVP8 } from 'werift';
import { MediaRecorder } from 'werift/nonstandard';

export interface WeriftClient {
  peer: RTCPeerConnection;
  /** DELETE and close. */
  close(): Promise<void>;
}

export interface WeriftPublishOptions {
  /** Mono at 8 kHz (RFC 3551) instead of Opus. */
  pcmu?: boolean;
  /** Clockwise degrees by which the receiver has to turn the picture (3GPP TS 26.114 section 7.4.5). The right half is blue then, so that turning can be seen. */
  turned?: 90 | 180 | 270;
}

/** A picture of one colour and a tone. */
export async function weriftPublish(url: string, token: string, colour: string, hz: number, { pcmu = false, turned }: WeriftPublishOptions = {}): Promise<WeriftClient> {
  const peer = new RTCPeerConnection({
    codecs: { video: [useVP8()], audio: [pcmu ? usePCMU() : useOPUS()] },
    headerExtensions: turned ? { video: [useVideoOrientation()] } : {},
  });
  const tracks = (['video', 'audio'] as const).map((kind) => new MediaStreamTrack({ kind }));
  const ports = await Promise.all(
    tracks.map(async (track) => {
      const socket = createSocket('udp4');
      socket.on('message', (bytes) => {
        const packet = RtpPacket.deSerialize(bytes);
        const id = track.kind === 'video' ? orientationId(peer) : undefined;
        if (turned && id !== undefined) {
          packet.header.extension = true;
          packet.header.extensionProfile = 0xbede;
          packet.header.extensions = [{ id, payload: Buffer.of(turned / 90) }];
        }
        track.writeRtp(packet);
      });
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      peer.addTransceiver(track, { direction: 'sendonly' });
      return { socket, port: (socket.address() as AddressInfo).port };
    }),
  );
  const [video, audio] = ports.map(({ port }) => `udpsink host=127.0.0.1 port=${port}`);
  const picture = turned ? 'video/x-raw,width=160,height=180,framerate=15/1 ! videobox right=-160 fill=blue' : 'video/x-raw,width=320,height=180,framerate=15/1';
  const sound = pcmu ? 'audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay max-ptime=20000000' : 'opusenc ! rtpopuspay pt=97';
  const graph =
    `videotestsrc is-live=true pattern=solid-color foreground-color=0xff${colour} ! ${picture} ! videoconvert ! vp8enc deadline=1 target-bitrate=200000 keyframe-max-dist=15 ! rtpvp8pay pt=96 mtu=1150 ! ${video} ` +
    `audiotestsrc is-live=true freq=${hz} volume=0.2 ! audioconvert ! audioresample ! ${sound} ! ${audio}`;
  const source = spawn('gst-launch-1.0', ['-q', ...graph.split(' ')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const kill = (): void => void source.kill('SIGKILL');
  process.once('exit', kill);
  const end = await signal(peer, url, token);
  return {
    peer,
    async close() {
      kill();
      process.off('exit', kill);
      await end();
      for (const { socket } of ports) socket.close();
      await peer.close();
    },
  };
}

function orientationId(peer: RTCPeerConnection): number | undefined {
  return peer.getTransceivers().find(({ kind }) => kind === 'video')?.headerExtensions.find(({ uri }) => uri === useVideoOrientation().uri)?.id;
}

export interface WeriftViewer extends WeriftClient {
  /** Pictures and packets of sound that came so far. */
  came: { pictures: number; sounds: number };
}

/**
 * @param path of the file that is complete after `close()`. The recorder begins some time after the packets come, and then with a keyframe: what a viewer is
 * sent first may not be in it.
 */
export async function weriftWatch(url: string, token: string, path: string): Promise<WeriftViewer> {
  const peer = new RTCPeerConnection({
    codecs: {
      video: [useH264({ rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'goog-remb' }], parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' })],
      audio: [useOPUS()],
    },
  });
  const recorder = new MediaRecorder({ path, numOfTracks: 2, width: 640, height: 360 });
  const came = { pictures: 0, sounds: 0 };
  peer.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe(({ header }) => {
      if (track.kind === 'audio') came.sounds++;
      else if (header.marker) came.pictures++;
    });
    void recorder.addTrack(track);
  });
  for (const kind of ['video', 'audio'] as const) peer.addTransceiver(kind, { direction: 'recvonly' });
  const end = await signal(peer, url, token);
  return {
    peer,
    came,
    async close() {
      await recorder.stop();
      await end();
      await peer.close();
    },
  };
}

async function signal(peer: RTCPeerConnection, url: string, token: string): Promise<() => Promise<void>> {
  await peer.setLocalDescription(await peer.createOffer());
  if (peer.iceGatheringState !== 'complete') await peer.iceGatheringStateChange.watch((state) => state === 'complete', 5000);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' };
  const response = await fetch(url, { method: 'POST', headers, body: peer.localDescription?.sdp ?? '' });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${sdp}\n${peer.localDescription?.sdp}`);
  await peer.setRemoteDescription({ type: 'answer', sdp });
  const session = new URL(response.headers.get('location') ?? '', url);
  return async () => {
    const ended = await fetch(session, { method: 'DELETE', headers });
    if (ended.status !== 200) throw new Error(`DELETE answered ${ended.status}`);
  };
}
