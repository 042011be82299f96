import type Hls from 'hls.js';
import { Events, type AudioTrackSwitchedData, type BufferCreatedData } from 'hls.js';

interface LiveLevel {
  details?: { live: boolean };
}

/** Keeps two faults of hls.js (1.7.4) in low-latency playback away, both of which end as a hole in the buffer. To be called before `loadSource`. */
export function avoidFaults(hls: Hls): void {
  hls.on(Events.LEVEL_SWITCHING, (_event, { level }) => forgetLivePlaylist(hls.levels[level]));
  hls.on(Events.BUFFER_CREATED, (_event, created) => {
    const track = soundTakenUp(created, hls.audioTracks[hls.audioTrack]);
    if (track) hls.trigger(Events.AUDIO_TRACK_SWITCHED, track);
  });
}

/**
 * For a level that is about to be switched to. hls.js keeps a level's playlist, with the parts that it has loaded, and when
 * it comes back within the same segment it goes on behind them, although another level has overwritten them in the buffer since: the next
 * part begins with no keyframe, the browser drops what follows up to the next segment, and the picture stands and then jumps over that hole.
 * Within the same part it also asks for what it has already, and waits 1.5 s before it asks again. Without that playlist it is as at the first time.
 */
export function forgetLivePlaylist(level: LiveLevel | undefined): void {
  if (level?.details?.live) delete level.details;
}

/**
 * Up to the first fragment of sound that is *played*, hls.js looks at what is there of picture and sound together to see which picture comes
 * next. When the picture's fragment is there first (a slow machine, a slow answer), it loads that one once more from its beginning; the next part, which
 * begins with no keyframe, then does not follow on what came last, and the browser drops all up to the next segment: some 3 s after the start the
 * picture stands. Told that the sound has been taken up, it looks at the picture alone.
 * @returns what is to be told, undefined when the sound has no playlist of its own
 */
export function soundTakenUp({ tracks }: BufferCreatedData, track: AudioTrackSwitchedData | undefined): AudioTrackSwitchedData | undefined {
  return track && tracks.audio?.id === 'audio' ? { ...track } : undefined;
}
