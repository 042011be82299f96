import type { DegradeStep } from './degrade-ladder.ts';
import type { Seating } from './layout/region.ts';

/** What the next epoch of a mix goes on with, so that a restart moves no tile and starts no step of the ladder anew. */
export interface MixMemory {
  seating?: Seating;
  degradeStep?: DegradeStep;
}
