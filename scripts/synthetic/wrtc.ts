/** @roamhq/wrtc with the types its own declarations lack; what a synthetic participant uses of it. */
import wrtc from '@roamhq/wrtc';

export interface HeardBlock {
  samples: Int16Array;
  sampleRate: number;
  channelCount: number;
}

interface Wrtc {
  RTCPeerConnection: new (options?: RTCConfiguration) => RTCPeerConnection;
  MediaStream: new () => MediaStream;
  nonstandard: {
    RTCVideoSource: new (options?: { isScreencast?: boolean }) => {
      createTrack(): MediaStreamTrack;
      onFrame(frame: { width: number; height: number; data: Uint8Array }): void;
    };
    RTCAudioSource: new () => {
      createTrack(): MediaStreamTrack;
      onData(block: { samples: Int16Array; sampleRate: number; bitsPerSample: 16; channelCount: number; numberOfFrames: number }): void;
    };
    RTCAudioSink: new (track: MediaStreamTrack) => { ondata: ((block: HeardBlock) => void) | null; stop(): void };
  };
}

export const { RTCPeerConnection: PeerConnection, MediaStream: Stream, nonstandard } = wrtc as unknown as Wrtc;
