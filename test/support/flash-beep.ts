/** Finds flashes in brightness and beeps in sound, and how far each beep is from its flash. */

/** Times (s) at which a series crosses the middle between its dark and its bright level upwards; `minGapS` apart. */
export function risingEdges(times: readonly number[], values: readonly number[], minGapS = 0.4): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor(sorted.length * 0.05)] ?? 0;
  const high = sorted[Math.floor(sorted.length * 0.995)] ?? 0;
  const middle = (low + high) / 2;
  const edges: number[] = [];
  for (let i = 1; i < values.length; i++) {
    if ((values[i - 1] as number) < middle && (values[i] as number) >= middle) {
      const at = times[i] as number;
      if (edges.length === 0 || at - (edges[edges.length - 1] as number) >= minGapS) edges.push(at);
    }
  }
  return edges;
}

/** Envelope of sound in 1 ms steps: times (s) and mean absolute values. */
export function envelope(samples: ArrayLike<number>, rateHz: number, startS = 0): { times: number[]; values: number[] } {
  const step = Math.round(rateHz / 1000);
  const times: number[] = [];
  const values: number[] = [];
  for (let i = 0; i + step <= samples.length; i += step) {
    let sum = 0;
    for (let j = 0; j < step; j++) sum += Math.abs(samples[i + j] as number);
    times.push(startS + i / rateHz);
    values.push(sum / step);
  }
  return { times, values };
}

/** Envelope of one tone among others, in 1 ms steps: the tone must be 400 Hz or more away from the others. */
export function toneEnvelope(samples: ArrayLike<number>, rateHz: number, hz: number, startS = 0): { times: number[]; values: number[] } {
  const step = Math.round(rateHz / 1000);
  const re: number[] = [];
  const im: number[] = [];
  for (let i = 0; i + step <= samples.length; i += step) {
    let cos = 0;
    let sin = 0;
    for (let j = 0; j < step; j++) {
      const phase = (2 * Math.PI * hz * (i + j)) / rateHz;
      cos += (samples[i + j] as number) * Math.cos(phase);
      sin += (samples[i + j] as number) * Math.sin(phase);
    }
    re.push(cos / step);
    im.push(sin / step);
  }
  // 5 ms around each step: narrow enough for the tone, short enough for its beginning
  const around = (series: readonly number[], k: number): number => {
    let sum = 0;
    for (let i = k - 2; i <= k + 2; i++) sum += series[i] ?? 0;
    return sum / 5;
  };
  return { times: re.map((_, k) => startS + (k * step) / rateHz), values: re.map((_, k) => Math.hypot(around(re, k), around(im, k))) };
}

/** For each flash the nearest beep within 500 ms: beep − flash, in ms. */
export function offsetsMs(flashes: readonly number[], beeps: readonly number[]): number[] {
  const out: number[] = [];
  for (const flash of flashes) {
    let best: number | undefined;
    for (const beep of beeps) if (best === undefined || Math.abs(beep - flash) < Math.abs(best - flash)) best = beep;
    if (best !== undefined && Math.abs(best - flash) <= 0.5) out.push((best - flash) * 1000);
  }
  return out;
}

/** The value below which the share `p` (0…1) of the values lies. */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] as number;
}
