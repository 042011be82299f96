/** How the audio bus counts time (audio-bus.ts says why). */
import { LIMITER_DELAY_FRAMES } from '../media/limiter.ts';
import { RESAMPLER_DELAY_FRAMES } from '../media/pcm.ts';

export const BLOCK_FRAMES = 480;
export const BLOCK_NS = 10_000_000;
/** Blocks may come so late and still be mixed. */
export const LATE_NS = 20_000_000;
export const MIX_DELAY_NS = BLOCK_NS + LATE_NS + (RESAMPLER_DELAY_FRAMES / BLOCK_FRAMES) * BLOCK_NS;
/** The limiters look ahead so far. */
export const OUTPUT_DELAY_NS = (LIMITER_DELAY_FRAMES / BLOCK_FRAMES) * BLOCK_NS;
