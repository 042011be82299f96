import { REPORT_INTERVAL_MS } from '../../src/domain/viewing.ts';
import type { QoeReport } from './qoe-meter.ts';

/** Soon after the first picture: the viewer counts from then on. */
const FIRST_REPORT_MS = 1_500;

export interface QoeReporterOptions {
  room: string;
  token: () => Promise<string | undefined>;
  report: (leaving: boolean) => QoeReport;
  /** How many watch the room. */
  answered: (viewers: number) => void;
}

/** Tells the service every 10 s how it goes, and a last time when the page goes. What gets lost is not sent again. */
export class QoeReporter {
  readonly #viewer = [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, '0')).join('');
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #token: string | undefined;

  constructor(private readonly options: QoeReporterOptions) {
    window.addEventListener('pagehide', () => this.#goodbye(), { signal: this.#abort.signal });
    window.addEventListener('pageshow', (event) => event.persisted && this.#timer !== undefined && void this.#tell(), { signal: this.#abort.signal });
  }

  /** From the first picture on. Idempotent. */
  begin(): void {
    this.#timer ??= setTimeout(() => void this.#tell(), FIRST_REPORT_MS);
  }

  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#goodbye();
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  async #tell(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tell(), REPORT_INTERVAL_MS);
    try {
      this.#token = await this.options.token();
      const response = await fetch(this.#url(), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}) },
        body: this.#body(false),
        signal: this.#abort.signal,
      });
      const answer = (await response.json()) as { viewers?: unknown };
      if (response.ok && typeof answer.viewers === 'number') this.options.answered(answer.viewers);
    } catch {
      // the next one tells
    }
  }

  /** A beacon cannot carry a header, so the token stands in the query; the log writes no queries. */
  #goodbye(): void {
    if (this.#timer === undefined) return;
    const url = this.#token ? `${this.#url()}?token=${encodeURIComponent(this.#token)}` : this.#url();
    navigator.sendBeacon(url, new Blob([this.#body(true)], { type: 'application/json' }));
  }

  #url(): string {
    return `/api/rooms/${encodeURIComponent(this.options.room)}/qoe`;
  }

  #body(leaving: boolean): string {
    return JSON.stringify({ viewer: this.#viewer, ...this.options.report(leaving) });
  }
}
