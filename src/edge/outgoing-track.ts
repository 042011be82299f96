/** The tracks of a viewer's peer connection, described by what its offer takes; no media handlers of the library. */
import { randomInt } from 'node:crypto';
import { Audio, Video, type PeerConnection, type Track } from 'node-datachannel';
import { AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ } from '../media/rtp.ts';
import type { OfferedMedia } from '../media/sdp-whep.ts';
import { RtpStream } from './rtp-stream.ts';

export const CNAME = 'tessera';
/** One for both tracks: receivers align sound and picture of one stream only. */
const MSID = 'programme';

export interface OutgoingTrack {
  track: Track;
  stream: RtpStream;
  open: boolean;
}

export interface OutgoingVideo extends OutgoingTrack {
  /** Where the offer takes retransmissions as a stream of their own (RFC 4588). */
  rtx?: { ssrc: number; payloadType: number; sequence: number };
}

export function addVideoTrack(pc: PeerConnection, media: OfferedMedia): OutgoingVideo {
  const description = new Video(media.mid, 'SendOnly');
  description.addH264Codec(media.payloadType, media.parameters);
  const ssrc = randomSsrc();
  const rtx = media.rtxPayloadType === undefined ? undefined : { ssrc: (ssrc ^ 1) >>> 0, payloadType: media.rtxPayloadType, sequence: randomInt(0x10000) };
  if (rtx) description.addRTXCodec(rtx.payloadType, media.payloadType, VIDEO_CLOCK_HZ);
  description.addSSRC(ssrc, CNAME, MSID, 'video');
  if (rtx) {
    description.addSSRC(rtx.ssrc, CNAME, MSID, 'video');
    description.parseSdpLine(`a=ssrc-group:FID ${ssrc} ${rtx.ssrc}`);
  }
  return { track: pc.addTrack(description), stream: newStream(ssrc, media.payloadType, VIDEO_CLOCK_HZ), open: false, rtx };
}

/** @param send false: the m-line is answered as inactive. Keep the track all the same: it must not be collected */
export function addAudioTrack(pc: PeerConnection, media: OfferedMedia, send: boolean): OutgoingTrack {
  const description = new Audio(media.mid, send ? 'SendOnly' : 'Inactive');
  description.addOpusCodec(media.payloadType, media.parameters);
  const ssrc = randomSsrc();
  if (send) description.addSSRC(ssrc, CNAME, MSID, 'audio');
  return { track: pc.addTrack(description), stream: newStream(ssrc, media.payloadType, AUDIO_CLOCK_HZ), open: false };
}

function newStream(ssrc: number, payloadType: number, clockHz: number): RtpStream {
  return new RtpStream({ ssrc, payloadType, clockHz, firstSequence: randomInt(0x8000), offsetTicks: randomInt(0x1_0000_0000) });
}

/** Even, so that its RTX companion (the next odd one) is free. */
function randomSsrc(): number {
  return randomInt(1, 0x8000_0000) * 2;
}
