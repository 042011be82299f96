/** The parts of @roamhq/wrtc that we use, with the types its own declarations lack. */
import wrtc from '@roamhq/wrtc';

export interface VideoFrame {
  width: number;
  height: number;
  /** Degrees clockwise to stand upright. */
  rotation: 0 | 90 | 180 | 270;
  /** I420, tightly packed; a fresh buffer per frame. */
  data: Uint8Array;
}

export interface AudioBlock {
  /** 10 ms, interleaved; 16 kHz mono at first, later 48 kHz: read rate and channels each time (field-notes.md). */
  samples: Int16Array;
  sampleRate: number;
  channelCount: number;
  numberOfFrames: number;
}

export interface VideoSink {
  onframe: ((event: { frame: VideoFrame }) => void) | null;
  /** Called by the library for each event. */
  dispatchEvent: (event: { frame: VideoFrame }) => void;
  stop(): void;
}
export interface AudioSink {
  ondata: ((block: AudioBlock) => void) | null;
  dispatchEvent: (block: AudioBlock) => void;
  stop(): void;
}
export interface AudioSource {
  createTrack(): MediaStreamTrack;
  /** Checks the byte length of the whole ArrayBuffer: pass exact arrays. */
  onData(block: AudioBlock & { bitsPerSample: 16 }): void;
}
export interface VideoSource {
  createTrack(): MediaStreamTrack;
  onFrame(frame: { width: number; height: number; data: Uint8Array }): void;
}

/** Options beyond the W3C's. */
export interface PeerOptions extends RTCConfiguration {
  portRange?: { min: number; max: number };
}

interface Wrtc {
  RTCPeerConnection: new (options?: PeerOptions) => RTCPeerConnection;
  MediaStream: new () => MediaStream;
  nonstandard: {
    RTCVideoSink: new (track: MediaStreamTrack) => VideoSink;
    RTCAudioSink: new (track: MediaStreamTrack) => AudioSink;
    RTCAudioSource: new () => AudioSource;
    RTCVideoSource: new (options?: { isScreencast?: boolean }) => VideoSource;
  };
}

const loaded = wrtc as unknown as Wrtc;
export const { RTCPeerConnection: PeerConnection, MediaStream: PeerMediaStream } = loaded;
export const { RTCVideoSink: VideoSink, RTCAudioSink: AudioSink, RTCAudioSource: AudioSource, RTCVideoSource: VideoSource } = loaded.nonstandard;

/**
 * Gives what a sink has to `take`, at once. The library's own way, `onframe` and `ondata`, makes two sets, a function and a tick of
 * each event, and nine publishers make 1,170 a second.
 */
export function takeFrom<E>(sink: { dispatchEvent: (event: E) => void }, take: (event: E) => void): void {
  sink.dispatchEvent = (event) => {
    try {
      take(event);
    } catch (error) {
      process.nextTick(() => {
        throw error; // through the library it would end the process without a word
      });
    }
  };
}
