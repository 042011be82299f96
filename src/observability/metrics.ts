import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { LoopDelay } from './loop-delay.ts';

const LOOP_LOOK_MS = 250;
/** prom-client's own look at the event loop, which cannot be left out of its default metrics: as seldom as possible. */
const OTHER_LOOK_MS = 60_000;

/** A role's own registry with the process's figures and its event-loop delay; add the role's counters to it. */
export function createMetrics(role: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry, prefix: 'tessera_', eventLoopMonitoringPrecision: OTHER_LOOK_MS });
  // they hold the distance of the looks; ours below does not
  for (const { name } of registry.getMetricsAsArray()) if (name.includes('nodejs_eventloop_lag')) registry.removeSingleMetric(name);
  const delay = new LoopDelay(LOOP_LOOK_MS);
  delay.start();
  new Gauge({
    name: 'tessera_event_loop_delay_p99_ms',
    help: 'Event-loop delay since the last scrape, 99th percentile',
    registers: [registry],
    collect() {
      this.set(delay.p99Ms);
      delay.reset();
    },
  });
  return registry;
}
