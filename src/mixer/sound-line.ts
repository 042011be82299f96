/**
 * The programme's sound as one unbroken line of samples, counted in programme samples: gaps are filled with silence,
 * overlaps are cut. The AAC encoder therefore never sees a discontinuity, and its frames stay on the programme's grid.
 */
import { AAC_FRAME_SAMPLES, AUDIO_RATE_HZ, NS_PER_SECOND } from '../domain/programme-time.ts';

const BYTES_PER_FRAME = 4;
/** Blocks whose place is this near to the line's end go on without a cut: 1 ms covers the rounding of timestamps. */
const TOLERANCE_SAMPLES = 48n;
const SILENCE_CHUNK_SAMPLES = 9600;
/** Two seconds: far below what appsrc's queue takes (mixer-graph.ts), so that nothing in it is thrown away; a longer hole is filled by the calls that follow. */
const MAX_SILENCE_SAMPLES = 10n * BigInt(SILENCE_CHUNK_SAMPLES);
/** AAC frames keep to the programme's grid over epochs; for Opus packets any place is right. */
const START_GRID_SAMPLES = BigInt(AAC_FRAME_SAMPLES);

export function sampleAt(programmeNs: bigint): bigint {
  const scaled = programmeNs * BigInt(AUDIO_RATE_HZ);
  return (scaled + (scaled < 0n ? -NS_PER_SECOND : NS_PER_SECOND) / 2n) / NS_PER_SECOND;
}

export class SoundLine {
  /** Programme sample that comes next. */
  next: bigint;
  /** Samples of silence put in, and of sound cut. */
  filledSamples = 0;
  cutSamples = 0;
  readonly #silence = Buffer.alloc(SILENCE_CHUNK_SAMPLES * BYTES_PER_FRAME);

  /** @param fromProgrammeNs nothing is put out before it */
  constructor(
    fromProgrammeNs: bigint,
    private readonly put: (samples: Buffer, sample: bigint) => void,
  ) {
    const from = sampleAt(fromProgrammeNs);
    this.next = ((from + START_GRID_SAMPLES - 1n) / START_GRID_SAMPLES) * START_GRID_SAMPLES;
  }

  /** @param samples s16le stereo */
  write(programmeNs: bigint, samples: Buffer): void {
    const off = sampleAt(programmeNs) - this.next;
    let body = samples.subarray(0, samples.length - (samples.length % BYTES_PER_FRAME));
    if (off > TOLERANCE_SAMPLES) {
      if (!this.silenceUpTo(this.next + off)) {
        this.cutSamples += body.length / BYTES_PER_FRAME; // its place is further away than one call may fill
        return;
      }
    } else if (off < -TOLERANCE_SAMPLES) {
      const cut = Math.min(Number(-off), body.length / BYTES_PER_FRAME);
      this.cutSamples += cut;
      body = body.subarray(cut * BYTES_PER_FRAME);
    }
    if (body.length === 0) return;
    this.put(body, this.next);
    this.next += BigInt(body.length / BYTES_PER_FRAME);
  }

  /**
   * Fills with silence until `sample` is next, or as far as one call may.
   * @returns whether it is
   */
  silenceUpTo(sample: bigint): boolean {
    const furthest = this.next + MAX_SILENCE_SAMPLES;
    const end = sample < furthest ? sample : furthest;
    while (this.next < end) {
      const missing = end - this.next;
      const count = missing > BigInt(SILENCE_CHUNK_SAMPLES) ? SILENCE_CHUNK_SAMPLES : Number(missing);
      this.put(this.#silence.subarray(0, count * BYTES_PER_FRAME), this.next);
      this.next += BigInt(count);
      this.filledSamples += count;
    }
    return this.next >= sample;
  }
}
