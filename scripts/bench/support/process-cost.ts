/** What processes take, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export { processorSeconds, processTree, proportionalBytes } from '../../../test/support/process.ts';

/** Memory with every shared page counted in full (RSS), in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;
}

export function threadCount(pid: number): number {
  return Number(/^Threads:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
}

export function openFileCount(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** What `/proc/<pid>/cmdline` says, which is the title where a process has set one. */
export function processTitle(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

export interface ProcessorTimes {
  userSeconds: number;
  systemSeconds: number;
  /** Of children that have ended and were waited for. */
  childSeconds: number;
}

/** Processor time a process has used, all its threads, in steps of 10 ms; zeros when it is gone. */
export function processorTimes(pid: number): ProcessorTimes {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return { userSeconds: Number(fields[11] ?? 0) / 100, systemSeconds: Number(fields[12] ?? 0) / 100, childSeconds: (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / 100 };
}

/** Processor time of a process' living threads by the scheduler's own clock (ns): for short measurements, where ticks of 10 ms mislead. */
export function scheduledSeconds(pid: number): number {
  let ns = 0;
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) ns += Number((read(`/proc/${pid}/task/${task}/schedstat`) ?? '0').split(' ')[0]);
  } catch {
    // gone
  }
  return ns / 1e9;
}
