/** Sound that is like speech where loudness is concerned: noise of 200–4000 Hz in syllables, four a second, with pauses between phrases. */

/** A fixed pseudo-random sequence (xorshift32): the same test, the same sound. */
function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Mono at 48 kHz, −1…1.
 * @param dbfs RMS of the phrases, pauses not counted
 */
export function speech(dbfs: number, seconds: number, seed = 7): Float32Array {
  const random = randomFrom(seed);
  const out = new Float32Array(Math.round(seconds * 48_000));
  const low = 1 - Math.exp((-2 * Math.PI * 4000) / 48_000);
  const high = 1 - Math.exp((-2 * Math.PI * 200) / 48_000);
  let smooth = 0;
  let slow = 0;
  let power = 0;
  let spoken = 0;
  for (let i = 0; i < out.length; i++) {
    const t = i / 48_000;
    smooth += (2 * random() - 1 - smooth) * low;
    slow += (smooth - slow) * high;
    const phrase = t % 3 < 2.4;
    // syllables: four a second, 26 dB between top and dip
    const syllable = 0.05 + 0.95 * Math.sin(Math.PI * 4 * t) ** 2;
    out[i] = phrase ? (smooth - slow) * syllable : 0;
    if (phrase) {
      power += (out[i] as number) ** 2;
      spoken++;
    }
  }
  const gain = 10 ** (dbfs / 20) / Math.sqrt(power / spoken);
  return out.map((value) => value * gain);
}
