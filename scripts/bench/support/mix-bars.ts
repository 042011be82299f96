/** What a room may cost, and whether it does. Pure. */
import type { MixRun } from '../mix.ts';

export interface Bar {
  bar: string;
  limit: number | [number, number];
  measured: number | undefined;
  /** Undefined: not measured in this run. */
  met: boolean | undefined;
}

export function mixBars(runs: readonly MixRun[]): Bar[] {
  const find = (participants: number, uplink: 'on' | 'off'): MixRun | undefined => runs.find((run) => run.participants === participants && run.uplink === uplink);
  const atMost = (bar: string, limit: number, measured: number | undefined): Bar => ({ bar, limit, measured, met: measured === undefined ? undefined : measured <= limit });
  const nineOff = find(9, 'off');
  const nineOn = find(9, 'on');
  const manyOn = find(25, 'on');
  const fps = manyOn?.programme.framesPerSecond;
  return [
    atMost('nine at 640×360@30 without the uplink rule: cores in all', 1.6, nineOff?.service.all.cores),
    atMost('nine with the uplink rule: cores in all', 1, nineOn?.service.all.cores),
    atMost('nine with the uplink rule: times plain GStreamer', 1.3, nineOn?.ratioToPlain),
    { bar: '25 with the uplink rule: pictures per second', limit: [29.95, 30.05], measured: fps, met: fps === undefined ? undefined : fps >= 29.95 && fps <= 30.05 },
    atMost('25 with the uplink rule: pictures missing or longer than one place', 0, manyOn && manyOn.programme.missing + manyOn.programme.long),
    atMost('nine people: RSS over the idle service, MB', 500, nineOn?.overIdle.rssMegabytes ?? nineOff?.overIdle.rssMegabytes),
  ];
}
