import { Counter, Gauge, type Registry } from 'prom-client';
import { DEGRADE_STEPS, type DegradeStep } from '../domain/degrade-ladder.ts';
import type { RoomMixer } from './room-mixer.ts';

export interface MixerCounters {
  /** A mix came to this step of the degrade ladder. */
  stepped(step: DegradeStep, direction: 'up' | 'down'): void;
}

/** Gauges per room: rooms of one machine are few. */
export function mixerMetrics(registry: Registry, mixers: ReadonlyMap<string, RoomMixer>): MixerCounters {
  const gauge = (name: string, help: string, value: (mixer: RoomMixer) => number | undefined): void => {
    new Gauge({
      name: `tessera_mix_${name}`,
      help,
      labelNames: ['room'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [room, mixer] of mixers) {
          const now = value(mixer);
          if (now !== undefined) this.set({ room }, now);
        }
      },
    });
  };
  gauge('epoch', 'Epoch of the mix', (m) => m.epoch);
  gauge('restarts', 'Mixer processes started again in this job', (m) => Math.max(0, m.restarts));
  gauge('frames', 'Pictures composed in this epoch', (m) => m.lastHeartbeat?.frames);
  gauge('feeds', 'Feeds in the mix', (m) => m.lastHeartbeat?.feeds);
  gauge('lateness_ms', 'Delay of the last video unit against its programme time', (m) => m.lastHeartbeat?.latenessMs);
  gauge('dropped', 'Units dropped and pictures not composed in this epoch', (m) => m.lastHeartbeat?.dropped);
  gauge('event_loop_delay_p99_ms', 'Event-loop delay of the mixer process, 99th percentile of about 10 s', (m) => m.lastHeartbeat?.eventLoopP99Ms);
  gauge('silence_ms', 'Silence put in for missing sound in this epoch', (m) => m.lastHeartbeat?.silenceMs);
  gauge('degrade_step', `Step of the degrade ladder, by number: ${DEGRADE_STEPS.join(', ')}`, (m) => DEGRADE_STEPS.indexOf(m.degradeStep));
  const steps = new Counter({
    name: 'tessera_mixer_degrade_steps_total',
    help: 'Steps of the degrade ladder that mixes came to',
    labelNames: ['step', 'direction'],
    registers: [registry],
  });
  return { stepped: (step, direction) => steps.inc({ step, direction }) };
}
