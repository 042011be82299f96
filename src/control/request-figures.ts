import { Counter, Histogram, type Registry } from 'prom-client';

/** What control's HTTP server did, for `/metrics`. */
export class RequestFigures {
  readonly #seconds: Histogram;
  readonly #refused: Counter;

  constructor(metrics: Registry) {
    this.#seconds = new Histogram({
      name: 'tessera_http_request_seconds',
      help: 'Time to the end of an answer; held HLS requests included',
      labelNames: ['method', 'area', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 2.5, 10],
      registers: [metrics],
    });
    this.#refused = new Counter({ name: 'tessera_http_problems_total', help: 'Problem documents by code', labelNames: ['code'], registers: [metrics] });
  }

  /** @param area of {@link areaOf} */
  answered(method: string, area: string, status: number, ms: number): void {
    this.#seconds.observe({ method, area, status }, ms / 1000);
  }

  refused(code: string): void {
    this.#refused.inc({ code });
  }
}

/** A few fixed words, so that callers cannot make metrics grow. */
export function areaOf(path: string): string {
  const [, first = ''] = path.split('/', 2);
  if (['api', 'whip', 'whep', 'hls', 'docs'].includes(first)) return first;
  return ['healthz', 'readyz', 'metrics'].includes(first) ? 'operation' : 'pages';
}
