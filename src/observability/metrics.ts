import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { LoopDelay } from './loop-delay.ts';

const LOOP_LOOK_MS = 100;

/** A role's own registry with the process's figures and its event-loop delay; add the role's counters to it. */
export function createMetrics(role: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  // its own nodejs_eventloop_lag_* hold the distance of the looks too
  collectDefaultMetrics({ register: registry, prefix: 'tessera_', eventLoopMonitoringPrecision: LOOP_LOOK_MS });
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
