/** How long a viewer whose network lets no WebRTC through is spared the wait for it. He may have gone to another network since. */
export const WEBRTC_MEMORY_MS = 30 * 60_000;

/** What is kept when WebRTC found no way. */
export function noWayFound(nowMs: number): string {
  return String(nowMs);
}

/** @param kept what {@link noWayFound} gave, if anything is kept; a clock that was set back since makes it worth nothing */
export function noWayFoundLately(kept: string | undefined, nowMs: number): boolean {
  if (kept === undefined) return false;
  const ageMs = nowMs - Number(kept);
  return ageMs >= 0 && ageMs < WEBRTC_MEMORY_MS;
}
