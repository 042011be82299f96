/** The service's clock, from a few questions: the one with the shortest round trip is the best. */

export interface ClockSample {
  askedAtMs: number;
  answeredAtMs: number;
  serverUnixMs: number;
}

/** Service minus own clock in ms; 0 without any sample. Right to within half a round trip. */
export function clockOffsetMs(samples: readonly ClockSample[]): number {
  const best = samples.toSorted((a, b) => a.answeredAtMs - a.askedAtMs - (b.answeredAtMs - b.askedAtMs))[0];
  return best === undefined ? 0 : best.serverUnixMs - (best.askedAtMs + best.answeredAtMs) / 2;
}

const QUESTIONS = 3;

/** Asks `GET /api/time`; 0 when it does not answer: the own clock has to do. */
export async function askClockOffset(signal: AbortSignal): Promise<number> {
  const samples: ClockSample[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const askedAtMs = Date.now();
    try {
      const response = await fetch('/api/time', { cache: 'no-store', signal });
      const body = (await response.json()) as { unixMs?: unknown };
      if (typeof body.unixMs === 'number') samples.push({ askedAtMs, answeredAtMs: Date.now(), serverUnixMs: body.unixMs });
    } catch {
      break;
    }
  }
  return clockOffsetMs(samples);
}
