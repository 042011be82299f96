import { inWords } from '../api/api-error.ts';
import { listDevices, openCamera, openMicrophone, type Devices } from './local-media.ts';
import { cardVideo, silentAudio, type StandIn } from './stand-in.ts';

export interface DeviceView {
  on: boolean;
  /** The device is being opened. */
  busy: boolean;
  deviceId?: string;
  /** Why it is off, in words. */
  error?: string;
}

export interface OwnMediaView {
  camera: DeviceView;
  microphone: DeviceView;
  devices: Devices;
}

const OFF: DeviceView = { on: false, busy: false };
export const NO_MEDIA: OwnMediaView = { camera: OFF, microphone: OFF, devices: { cameras: [], microphones: [] } };

/**
 * The person's own camera and microphone. There is always one video and one audio track to send: while a device is off or
 * missing a stand-in takes its place, so that switching is an exchange of tracks and never a new negotiation.
 */
export class OwnMedia {
  #view: OwnMediaView = NO_MEDIA;
  #camera: MediaStreamTrack | undefined;
  #microphone: MediaStreamTrack | undefined;
  #card: StandIn | undefined;
  #silence: StandIn | undefined;
  #name = '';
  #closed = false;
  #refreshDevices = (): void => void listDevices().then((devices) => this.#set({ devices }));
  /** The track to send has become another one. */
  trackChanged: ((track: MediaStreamTrack) => void) | undefined;

  constructor(private readonly changed: (view: OwnMediaView) => void) {
    navigator.mediaDevices?.addEventListener('devicechange', this.#refreshDevices);
  }

  /** Written on the card that is sent without a camera. */
  set name(name: string) {
    this.#name = name;
  }

  get videoTrack(): MediaStreamTrack {
    if (this.#camera) return this.#camera;
    this.#card ??= cardVideo(this.#name);
    return this.#card.track;
  }

  get audioTrack(): MediaStreamTrack {
    if (this.#microphone) return this.#microphone;
    this.#silence ??= silentAudio();
    return this.#silence.track;
  }

  async setCamera(on: boolean, deviceId = this.#view.camera.deviceId): Promise<void> {
    this.#set({ camera: { ...this.#view.camera, busy: on, error: undefined } });
    this.#camera?.stop();
    this.#camera = undefined;
    let error: string | undefined;
    if (on) {
      try {
        const track = await openCamera(deviceId);
        if (this.#closed) return track.stop();
        this.#camera = track;
        track.addEventListener('ended', () => {
          if (this.#camera === track) void this.setCamera(false).then(() => this.#set({ camera: { ...this.#view.camera, error: 'The camera was disconnected.' } }));
        });
      } catch (reason) {
        error = inWords(reason);
      }
    }
    if (this.#camera) {
      this.#card?.stop();
      this.#card = undefined;
    }
    this.#set({ camera: { on: this.#camera !== undefined, busy: false, deviceId: this.#camera?.getSettings().deviceId ?? deviceId, error } });
    this.trackChanged?.(this.videoTrack);
    this.#refreshDevices();
  }

  /** Off keeps the device open but silent, so that on is instant. */
  async setMicrophone(on: boolean, deviceId?: string): Promise<void> {
    const other = deviceId !== undefined && deviceId !== this.#view.microphone.deviceId;
    if (this.#microphone && !other) {
      this.#microphone.enabled = on;
      this.#set({ microphone: { ...this.#view.microphone, on, error: undefined } });
      return;
    }
    if (!on && !other) {
      this.#set({ microphone: { ...this.#view.microphone, on: false, error: undefined } });
      return;
    }
    this.#set({ microphone: { ...this.#view.microphone, busy: true, error: undefined } });
    this.#microphone?.stop();
    this.#microphone = undefined;
    let error: string | undefined;
    try {
      const track = await openMicrophone(deviceId);
      if (this.#closed) return track.stop();
      track.enabled = on;
      this.#microphone = track;
      track.addEventListener('ended', () => {
        if (this.#microphone !== track) return;
        this.#microphone = undefined;
        this.#set({ microphone: { ...this.#view.microphone, on: false, error: 'The microphone was disconnected.' } });
        this.trackChanged?.(this.audioTrack);
      });
    } catch (reason) {
      error = inWords(reason);
    }
    if (this.#microphone) {
      this.#silence?.stop();
      this.#silence = undefined;
    }
    const opened: MediaStreamTrack | undefined = this.#microphone;
    this.#set({ microphone: { on: on && opened !== undefined, busy: false, deviceId: opened?.getSettings().deviceId ?? deviceId, error } });
    this.trackChanged?.(this.audioTrack);
    this.#refreshDevices();
  }

  close(): void {
    this.#closed = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.#refreshDevices);
    this.#camera?.stop();
    this.#microphone?.stop();
    this.#card?.stop();
    this.#silence?.stop();
  }

  #set(change: Partial<OwnMediaView>): void {
    if (this.#closed) return;
    this.#view = { ...this.#view, ...change };
    this.changed(this.#view);
  }
}
