/** The most that is asked of cameras and screens. What of it is sent depends on how large it is shown (uplink.ts). */
export const CAMERA = { width: 1280, height: 720, frameRate: 30 } as const;
export const SCREEN = { width: 1920, height: 1080, frameRate: 30 } as const;

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return {
    cameras: all.filter((d) => d.kind === 'videoinput' && d.deviceId !== ''),
    microphones: all.filter((d) => d.kind === 'audioinput' && d.deviceId !== ''),
  };
}

/** @throws Error whose message is a sentence for the page */
export async function openCamera(deviceId?: string): Promise<MediaStreamTrack> {
  const stream = await ask('camera', {
    video: {
      width: { ideal: CAMERA.width },
      height: { ideal: CAMERA.height },
      frameRate: { ideal: CAMERA.frameRate, max: CAMERA.frameRate },
      ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
    },
  });
  return stream.getVideoTracks()[0] as MediaStreamTrack;
}

/** @throws Error whose message is a sentence for the page */
export async function openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  const stream = await ask('microphone', {
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) },
  });
  return stream.getAudioTracks()[0] as MediaStreamTrack;
}

/** Undefined when the person closed the browser's dialog: that is a choice, not an error. */
export async function openScreen(): Promise<MediaStream | undefined> {
  if (!navigator.mediaDevices?.getDisplayMedia) throw new Error('This browser cannot share the screen.');
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { width: { max: SCREEN.width }, height: { max: SCREEN.height }, frameRate: { max: SCREEN.frameRate } },
      // music and films as they are: what is for voices would take half of them away
      audio: { channelCount: { ideal: 2 }, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    const [video] = stream.getVideoTracks();
    if (video) video.contentHint = 'detail';
    const [audio] = stream.getAudioTracks();
    if (audio) audio.contentHint = 'music';
    return stream;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'NotAllowedError') return undefined;
    throw new Error('The screen could not be shared.', { cause });
  }
}

async function ask(device: 'camera' | 'microphone', constraints: MediaStreamConstraints): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia)
    throw new Error(`The browser gives the ${device} only to pages on https or on localhost.`);
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (cause) {
    throw new Error(deviceSentence(device, cause instanceof DOMException ? cause.name : ''), { cause });
  }
}

/** What a getUserMedia error means to the person in front of it. */
export function deviceSentence(device: 'camera' | 'microphone', errorName: string): string {
  switch (errorName) {
    case 'NotAllowedError':
    case 'SecurityError':
      return `The ${device} is not allowed. Allow it in the browser's address bar and try again, or join without it.`;
    case 'NotFoundError':
      return `No ${device} was found. You can join without one.`;
    case 'NotReadableError':
    case 'AbortError':
      return `The ${device} cannot be used; another program may have it.`;
    case 'OverconstrainedError':
      return `The chosen ${device} is not there any more. Choose another one.`;
    default:
      return `The ${device} could not be opened.`;
  }
}
