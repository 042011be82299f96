/** What the product's processes take, by role. */
import { openFileCount, processorSeconds, processTitle, processTree, proportionalBytes, residentBytes, threadCount } from './process-cost.ts';
import { rounded } from './product.ts';

export interface RoleCost {
  cores: number;
  rssMegabytes: number;
  pssMegabytes: number;
  processes: number;
  threads: number;
  openFiles: number;
}

export interface ServiceCost {
  byRole: Record<string, RoleCost>;
  all: RoleCost;
}

/** Between two looks at a process tree. */
export class CostMeter {
  readonly #before: Map<number, number>;
  readonly #startedMs = performance.now();

  /** @param root of the supervisor */
  constructor(private readonly root: number) {
    this.#before = new Map(processTree(root).map((pid) => [pid, processorSeconds(pid)]));
  }

  /** Cores since the start; memory, threads and files as they are now. Processes that ended meanwhile are not in it. */
  read(): ServiceCost {
    const elapsedS = (performance.now() - this.#startedMs) / 1000;
    const byRole: Record<string, RoleCost> = {};
    const all = nothing();
    for (const pid of processTree(this.root)) {
      const title = processTitle(pid);
      if (title === '') continue;
      const cost: RoleCost = {
        cores: (processorSeconds(pid) - (this.#before.get(pid) ?? 0)) / elapsedS,
        rssMegabytes: residentBytes(pid) / 1e6,
        pssMegabytes: proportionalBytes(pid) / 1e6,
        processes: 1,
        threads: threadCount(pid),
        openFiles: openFileCount(pid),
      };
      add((byRole[roleOf(title)] ??= nothing()), cost);
      add(all, cost);
    }
    for (const row of [...Object.values(byRole), all]) {
      row.cores = rounded(row.cores, 3);
      row.rssMegabytes = rounded(row.rssMegabytes, 1);
      row.pssMegabytes = rounded(row.pssMegabytes, 1);
    }
    return { byRole, all };
  }
}

/** `tessera-mixer bench` → `mixer-room`, `tessera-mixer (spare)` → `mixer-spare`, `/usr/bin/redis-server …` → `redis-server`. */
function roleOf(title: string): string {
  const [name = '', second] = title.split(' ');
  const role = (name.split('/').pop() ?? '').replace(/^tessera-/, '').replace(/:$/, '');
  if (!['ingest', 'mixer'].includes(role) || second === undefined) return role;
  return second.startsWith('(spare') ? `${role}-spare` : `${role}-room`;
}

function nothing(): RoleCost {
  return { cores: 0, rssMegabytes: 0, pssMegabytes: 0, processes: 0, threads: 0, openFiles: 0 };
}

function add(to: RoleCost, cost: RoleCost): void {
  for (const key of Object.keys(cost) as (keyof RoleCost)[]) to[key] += cost[key];
}
