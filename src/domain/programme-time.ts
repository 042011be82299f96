/**
 * Programme time: nanoseconds since the programme's anchor on the host's monotonic clock (`process.hrtime.bigint()`,
 * which is GStreamer's system clock too). Every timestamp behind the mixer is programme time.
 *
 * Both media live on whole grids counted from programme time 0, so a restarted mixer continues them exactly:
 * video frame n is at n / frameRate, AAC frame n at n × 1024 / 48000. 16 video frames at 30 fps and 25 AAC frames are both
 * 533⅓ ms (a part), 64 and 100 are a segment; IDRs that cut segments stand on multiples of {@link KEYFRAME_GRID_FRAMES}.
 *
 * The mixer keeps to the grid by choosing its pipeline's base time: anchor + k × {@link EPOCH_STEP_NS}, the next one after now.
 * 200 ms is a whole number of frames at 15, 25, 30, 50 and 60 fps and a whole number of milliseconds, so the offset
 * between running time and programme time is exact. Audio is aligned by the mixer: the first sample it pushes has a
 * programme sample number that is a multiple of {@link AAC_FRAME_SAMPLES}.
 */
export const NS_PER_MS = 1_000_000n;
export const NS_PER_SECOND = 1_000_000_000n;
export const AUDIO_RATE_HZ = 48_000;
export const AAC_FRAME_SAMPLES = 1024;
export const OPUS_FRAME_SAMPLES = 960;
export const DEFAULT_FRAME_RATE = 30;
export const PART_FRAMES = 16;
export const PARTS_PER_SEGMENT = 4;
export const KEYFRAME_GRID_FRAMES = PART_FRAMES * PARTS_PER_SEGMENT;
/**
 * A picture may be shown for up to so many frames without counting as a hole: an overloaded mixer composes every second frame, and a
 * rendition may encode every second of those (domain/degrade-ladder.ts).
 */
export const LONGEST_PICTURE_FRAMES = 4;
export const EPOCH_STEP_NS = 200n * NS_PER_MS;

/** Start of video frame `n`, in ns, rounded down. */
export function videoFrameStartNs(n: number, frameRate: number): bigint {
  return (BigInt(n) * NS_PER_SECOND) / BigInt(frameRate);
}

/** The frame whose grid place is nearest to `ptsNs`. */
export function nearestVideoFrame(ptsNs: bigint, frameRate: number): number {
  return Number((ptsNs * BigInt(frameRate) + NS_PER_SECOND / 2n) / NS_PER_SECOND);
}

/** Start of AAC frame `n`, in ns, rounded down. */
export function aacFrameStartNs(n: number): bigint {
  return (BigInt(n) * BigInt(AAC_FRAME_SAMPLES) * NS_PER_SECOND) / BigInt(AUDIO_RATE_HZ);
}

export function nearestAacFrame(ptsNs: bigint): number {
  const samples = (ptsNs * BigInt(AUDIO_RATE_HZ) + NS_PER_SECOND / 2n) / NS_PER_SECOND;
  return Number((samples + BigInt(AAC_FRAME_SAMPLES / 2)) / BigInt(AAC_FRAME_SAMPLES));
}

/** Base time for a new epoch: the newest grid place at or before `nowMonotonicNs`. */
export function epochBaseNs(anchorMonotonicNs: bigint, nowMonotonicNs: bigint): bigint {
  const since = nowMonotonicNs - anchorMonotonicNs;
  const step = since >= 0n ? since / EPOCH_STEP_NS : 0n;
  return anchorMonotonicNs + step * EPOCH_STEP_NS;
}
