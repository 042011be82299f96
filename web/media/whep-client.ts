import type { Rendition } from '../../src/domain/rendition.ts';
import { withOpusStereo } from './opus-stereo.ts';
import { PeerLink, type LinkOptions } from './peer-link.ts';
import { changeRendition } from './session-request.ts';

export interface WhepOptions extends LinkOptions {
  /** False for a participant, who hears the room through the mix-minus already. */
  audio: boolean;
}

/** Receives a room's programme by WHEP, with as little buffering as the browser allows. */
export class WhepClient extends PeerLink {
  readonly stream = new MediaStream();

  constructor(private readonly whep: WhepOptions) {
    super({
      get endpoint() {
        return whep.endpoint;
      },
      token: whep.token,
      events: {
        ...whep.events,
        trackReceived: (event) => {
          this.#take(event);
          whep.events.trackReceived?.(event);
        },
      },
    });
  }

  /** Asks for another rendition at its next keyframe. @throws ApiError, or Error without a session */
  async chooseRendition(rendition: Rendition | 'auto'): Promise<void> {
    if (!this.session) throw new Error('There is no connection.');
    await changeRendition(this.session.resource, this.session.token, rendition);
  }

  protected override prepare(peer: RTCPeerConnection): void {
    peer.addTransceiver('video', { direction: 'recvonly' });
    if (this.whep.audio) peer.addTransceiver('audio', { direction: 'recvonly' });
  }

  protected override adjustOffer(sdp: string): string {
    return withOpusStereo(sdp);
  }

  /** The same MediaStream over all connections, so that the video element never has to be touched. */
  #take(event: RTCTrackEvent): void {
    // the smallest jitter buffer; libwebrtc still widens it when packets come unevenly
    if ('jitterBufferTarget' in event.receiver) event.receiver.jitterBufferTarget = 0;
    for (const track of this.stream.getTracks()) if (track.kind === event.track.kind) this.stream.removeTrack(track);
    this.stream.addTrack(event.track);
  }
}
