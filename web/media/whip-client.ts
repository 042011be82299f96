import { PeerLink, type LinkOptions } from './peer-link.ts';

export interface WhipOptions extends LinkOptions {
  audio: MediaStreamTrack | undefined;
  video: MediaStreamTrack;
  /** Ask for the room's mix-minus on the audio's return path. */
  mixMinus: boolean;
  maxBitrateBps: number;
  maxFrameRate: number;
}

/** Publishes one source (camera with microphone, or a screen) by WHIP. Tracks may be exchanged while it runs. */
export class WhipClient extends PeerLink {
  #audio: MediaStreamTrack | undefined;
  #video: MediaStreamTrack;
  #senders: { audio?: RTCRtpSender; video?: RTCRtpSender } = {};

  constructor(private readonly whip: WhipOptions) {
    super(whip);
    this.#audio = whip.audio;
    this.#video = whip.video;
  }

  async replaceVideo(track: MediaStreamTrack): Promise<void> {
    this.#video = track;
    await exchange(this.#senders.video, track);
  }

  async replaceAudio(track: MediaStreamTrack): Promise<void> {
    this.#audio = track;
    await exchange(this.#senders.audio, track);
  }

  protected override prepare(peer: RTCPeerConnection): void {
    // both tracks in one MediaStream: lip-sync at the receiver holds only within one
    const stream = new MediaStream();
    this.#senders = {};
    if (this.#audio || this.whip.mixMinus) {
      const transceiver = peer.addTransceiver(this.#audio ?? 'audio', {
        direction: this.whip.mixMinus ? 'sendrecv' : 'sendonly',
        streams: [stream],
      });
      this.#senders.audio = transceiver.sender;
    }
    const video = peer.addTransceiver(this.#video, {
      direction: 'sendonly',
      streams: [stream],
      sendEncodings: [{ maxBitrate: this.whip.maxBitrateBps, maxFramerate: this.whip.maxFrameRate }],
    });
    this.#senders.video = video.sender;
    preferVp8(video);
  }
}

/** Between two connections there is nothing to exchange: the next one starts with the new track. */
async function exchange(sender: RTCRtpSender | undefined, track: MediaStreamTrack): Promise<void> {
  if (sender?.transport?.state === 'closed') return;
  await sender?.replaceTrack(track).catch(() => undefined);
}

/** The mixer's side takes VP8, VP9 and AV1 but no H.264; VP8 is the cheapest to decode there. */
function preferVp8(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const usable = codecs.filter((codec) => !/\/(h264|h265)$/i.test(codec.mimeType));
  const isVp8 = (codec: RTCRtpCodec): boolean => /\/vp8$/i.test(codec.mimeType);
  const ordered = [...usable.filter(isVp8), ...usable.filter((codec) => !isVp8(codec))];
  if (ordered.length === 0) return;
  try {
    transceiver.setCodecPreferences(ordered);
  } catch {
    // a browser that does not allow it negotiates by its own order
  }
}
