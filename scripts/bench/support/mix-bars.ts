/** What a room may cost, and whether it does, by the median of all runs of a kind. Pure. */
import type { MixRun } from '../mix.ts';
import { rounded } from './product.ts';

export interface Bar {
  bar: string;
  limit: number | [number, number];
  measured: number | undefined;
  /** Undefined: not measured in this run. */
  met: boolean | undefined;
}

export function mixBars(runs: readonly MixRun[]): Bar[] {
  const median = (participants: number, uplink: 'on' | 'off', figure: (run: MixRun) => number | undefined): number | undefined => {
    const figures = runs.filter((run) => run.participants === participants && run.uplink === uplink).flatMap((run) => figure(run) ?? []).sort((a, b) => a - b);
    const half = (figures.length - 1) / 2;
    return figures.length === 0 ? undefined : rounded(((figures[Math.floor(half)] as number) + (figures[Math.ceil(half)] as number)) / 2, 3);
  };
  const atMost = (bar: string, limit: number, measured: number | undefined): Bar => ({ bar, limit, measured, met: measured === undefined ? undefined : measured <= limit });
  const cores = (run: MixRun): number => run.service.all.cores;
  const rss = (run: MixRun): number => run.overIdle.rssMegabytes;
  const fps = median(25, 'on', (run) => run.programme.framesPerSecond);
  return [
    atMost('nine at 640×360@30 without the uplink rule: cores in all', 1.6, median(9, 'off', cores)),
    atMost('nine with the uplink rule: cores in all', 1, median(9, 'on', cores)),
    atMost('nine with the uplink rule: times plain GStreamer', 1.3, median(9, 'on', (run) => run.ratioToPlain)),
    { bar: '25 with the uplink rule: pictures per second', limit: [29.95, 30.05], measured: fps, met: fps === undefined ? undefined : fps >= 29.95 && fps <= 30.05 },
    atMost('25 with the uplink rule: pictures missing or longer than one place', 0, median(25, 'on', ({ programme }) => programme.missing + programme.long)),
    atMost('nine people: RSS over the idle service, MB', 500, median(9, 'on', rss) ?? median(9, 'off', rss)),
  ];
}
