import type { UplinkWish } from '../../src/domain/uplink.ts';
import { savingWish, SAVER_AUDIO_BPS, sparingAnswer, sparingOffer } from './data-saver.ts';
import { PeerLink, type LinkOptions } from './peer-link.ts';
import { differs, encodingFor } from './uplink.ts';

export interface WhipOptions extends LinkOptions {
  audio: MediaStreamTrack | undefined;
  video: MediaStreamTrack;
  /** Ask for the room's mix-minus on the audio's return path. */
  mixMinus: boolean;
  /** What is sent until {@link WhipClient.ask} says otherwise. */
  wish: UplinkWish;
  /** Send little, whatever is asked for, and receive the mix-minus so. */
  saving?: boolean;
}

/**
 * A new size comes before the bandwidth for it has been found. Left alone, Chromium sends the new one smaller at once and takes
 * 6.5 s to come up to 720 lines; held, it is there after 0.1 s. Later it may adapt: a weak connection is better small than jerky.
 */
const HOLD_MS = 5_000;

/** Publishes one source (camera with microphone, or a screen) by WHIP. Tracks may be exchanged while it runs. */
export class WhipClient extends PeerLink {
  #audio: MediaStreamTrack | undefined;
  #video: MediaStreamTrack;
  #senders: { audio?: RTCRtpSender; video?: RTCRtpSender } = {};
  #wish: UplinkWish;
  /** A sender's parameters are read, changed and set one after the other: a set of an older reading is refused. */
  #setting: Promise<void> = Promise.resolve();
  /** While it runs, the browser may not change the size by itself. */
  #hold: ReturnType<typeof setTimeout> | undefined;
  /** The sender that was set last. */
  #told: RTCRtpSender | undefined;

  constructor(private readonly whip: WhipOptions) {
    super({
      ...whip,
      events: {
        ...whip.events,
        stateChanged: (state, error) => {
          // some browsers have no encodings to set before the answer is there
          if (state === 'live') this.#applyWish();
          whip.events.stateChanged?.(state, error);
        },
      },
    });
    this.#audio = whip.audio;
    this.#video = whip.video;
    this.#wish = this.#fitting(whip.wish);
  }

  /** From now on sends as large, as often and as much as this; also over a new connection and with another track. */
  ask(wish: UplinkWish): void {
    this.#wish = this.#fitting(wish);
    this.#applyWish();
  }

  async replaceVideo(track: MediaStreamTrack): Promise<void> {
    this.#video = track;
    await exchange(this.#senders.video, track);
    this.#applyWish();
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
        ...(this.whip.saving ? { sendEncodings: [{ maxBitrate: SAVER_AUDIO_BPS }] } : {}),
      });
      this.#senders.audio = transceiver.sender;
    }
    const video = peer.addTransceiver(this.#video, {
      direction: 'sendonly',
      streams: [stream],
      sendEncodings: [encodingFor(this.#video.getSettings(), this.#wish)],
    });
    this.#senders.video = video.sender;
    preferVp8(video);
  }

  protected override adjustOffer(sdp: string): string {
    return this.whip.saving ? sparingOffer(sdp) : sdp;
  }

  protected override adjustAnswer(sdp: string): string {
    return this.whip.saving ? sparingAnswer(sdp, this.#wish.source) : sdp;
  }

  override close(): void {
    clearTimeout(this.#hold);
    super.close();
  }

  #fitting(wish: UplinkWish): UplinkWish {
    return this.whip.saving ? savingWish(wish) : wish;
  }

  #applyWish(): void {
    this.#setting = this.#setting.then(() => this.#setEncoding());
  }

  async #setEncoding(): Promise<void> {
    const sender = this.#senders.video;
    if (!sender || this.state === 'closed') return; // the next connection begins with it
    const parameters = sender.getParameters();
    const encoding = parameters.encodings?.[0];
    if (!encoding) return;
    const wanted = encodingFor(this.#video.getSettings(), this.#wish);
    const changed = differs(encoding, wanted) || sender !== this.#told;
    if (changed) this.#holdSize();
    const preference = this.#hold === undefined && this.#wish.source === 'camera' ? 'balanced' : 'maintain-resolution';
    if (!changed && parameters.degradationPreference === preference) return;
    Object.assign(encoding, wanted);
    parameters.degradationPreference = preference;
    await sender.setParameters(parameters).then(
      () => (this.#told = sender),
      () => undefined, // closed meanwhile; the next one begins with the wish
    );
  }

  #holdSize(): void {
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => {
      this.#hold = undefined;
      this.#applyWish();
    }, HOLD_MS);
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
