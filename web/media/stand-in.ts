import { AVATAR_GROUND, AVATAR_SHAPE, avatarColour } from '../../src/domain/avatar.ts';

/**
 * What is sent while a camera or microphone is off: the device itself is released, so its light goes out, and the room
 * sees a card with the person's initials, like the mixer's own, instead of a stalled picture.
 */
export interface StandIn {
  track: MediaStreamTrack;
  stop: () => void;
}

const WIDTH = 640;
const HEIGHT = 360;
/** Enough for the mixer to count the slot as alive, cheap to encode because nothing moves. */
const FRAME_MS = 200;

export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter((w) => w !== '');
  const first = [...(words[0] ?? '?')][0] ?? '?';
  const last = words.length > 1 ? ([...(words.at(-1) as string)][0] ?? '') : '';
  return (first + last).toUpperCase();
}

export function cardVideo(name: string): StandIn {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  const draw = (): void => {
    if (!context) return;
    context.fillStyle = AVATAR_GROUND;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    const middle = HEIGHT * (0.5 - AVATAR_SHAPE.up);
    context.fillStyle = avatarColour(name.trim().replace(/\s+/g, ' '));
    context.beginPath();
    context.arc(WIDTH / 2, middle, HEIGHT * AVATAR_SHAPE.radius, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = '#ffffff';
    context.font = `700 ${Math.round(HEIGHT * AVATAR_SHAPE.letters)}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(initialsOf(name), WIDTH / 2, middle + 4);
  };
  draw();
  const stream = canvas.captureStream(5);
  const timer = setInterval(draw, FRAME_MS);
  const track = stream.getVideoTracks()[0] as MediaStreamTrack;
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}

export function silentAudio(): StandIn {
  const context = new AudioContext();
  const destination = context.createMediaStreamDestination();
  const track = destination.stream.getAudioTracks()[0] as MediaStreamTrack;
  return {
    track,
    stop: () => {
      track.stop();
      void context.close();
    },
  };
}
