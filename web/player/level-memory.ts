interface Level {
  details?: { live: boolean };
}

/**
 * To be called when a level is about to be switched to. hls.js (1.7.4) keeps a level's playlist, with the parts that it has loaded, and when
 * it comes back within the same segment it goes on behind them, although another level has overwritten them in the buffer since: the next
 * part begins with no keyframe, the browser drops what follows up to the next segment, and the picture stands and then jumps over that hole.
 * Within the same part it also asks for what it has already, and waits 1.5 s before it asks again. Without that playlist it is as at the first time.
 */
export function forgetLivePlaylist(level: Level | undefined): void {
  if (level?.details?.live) delete level.details;
}
