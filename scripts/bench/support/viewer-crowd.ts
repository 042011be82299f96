/** Receiver processes with many viewers each, and what they tell. The same ones watch whatever server is being measured. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repoRoot } from '../../../src/config/paths.ts';
import type { ViewerTotals } from './whep-viewers.ts';

const MESSAGE_TIMEOUT_MS = 20_000;
const REPORT_EVERY_MS = 100;

/** How a server takes a viewer: `crowd.offer()` or `crowd.take()` inside. Resolves when it has its answer. */
export type Open = (index: number) => Promise<void>;

interface Message {
  ready?: true;
  offer?: number;
  answered?: number;
  sdp?: string;
  totals?: ViewerTotals;
  failed?: string;
}

export class ViewerCrowd {
  readonly #children: ChildProcess[] = [];
  readonly #waiting = new Map<string, (message: Message) => void>();
  /** Wall clock at which each viewer asked, ms. */
  #askedAtMs: number[] = [];

  /** @param feedbackMs see whep-viewers.ts */
  async start(processes: number, feedbackMs: number): Promise<void> {
    for (let i = 0; i < processes; i++) {
      const child = fork(join(repoRoot, 'scripts/bench/support/whep-viewers.ts'), feedbackMs > 0 ? ['--feedback', String(feedbackMs)] : [], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 2, 2, 'ipc'] });
      this.#children.push(child);
      child.on('message', (message: Message) => {
        if (message.failed) process.stderr.write(`viewer: ${message.failed}\n`);
        const key = message.ready ? 'ready' : message.totals ? 'totals' : message.offer !== undefined ? `offer ${message.offer}` : `answered ${message.answered}`;
        this.#waiting.get(`${i} ${key}`)?.(message);
      });
      await this.#next(i, 'ready');
    }
  }

  get pids(): number[] {
    return this.#children.map((child) => child.pid ?? 0);
  }

  /** @returns the offer of a new viewer; give it its answer with {@link answer} */
  async offer(index: number): Promise<string> {
    const [child, at, process] = this.#place(index);
    const next = this.#next(process, `offer ${at}`);
    child.send({ join: at });
    return (await next).sdp ?? '';
  }

  answer(index: number, sdp: string): void {
    const [child, at] = this.#place(index);
    child.send({ answer: at, sdp });
  }

  /** @returns the answer of a new viewer to a server's offer */
  async take(index: number, sdp: string): Promise<string> {
    const [child, at, process] = this.#place(index);
    const next = this.#next(process, `answered ${at}`);
    child.send({ take: at, sdp });
    return (await next).sdp ?? '';
  }

  /** The moment from which a viewer's first picture counts: its request is sent now. */
  asks(index: number): void {
    this.#askedAtMs[index] = performance.timeOrigin + performance.now();
  }

  /** `count` viewers, so many a second, until all are connected. */
  async join(count: number, perSecond: number, open: Open): Promise<void> {
    this.#askedAtMs = [];
    const opening: Promise<void>[] = [];
    const startedMs = performance.now();
    for (let i = 0; i < count; i++) {
      await delay(Math.max(0, startedMs + (1000 * i) / perSecond - performance.now()));
      const opened = open(i);
      opened.catch(() => undefined); // heard below
      opening.push(opened);
    }
    await Promise.all(opening);
    for (let i = 0; i < 100 && (await this.totals()).connected < count; i++) await delay(REPORT_EVERY_MS);
  }

  async totals(): Promise<ViewerTotals> {
    const parts = await this.#reports();
    const sum = (value: (t: ViewerTotals) => number): number => parts.reduce((n, t) => n + value(t), 0);
    return {
      viewers: sum((t) => t.viewers),
      connected: sum((t) => t.connected),
      packets: sum((t) => t.packets),
      bytes: sum((t) => t.bytes),
      missing: sum((t) => t.missing),
      leastPackets: Math.min(...parts.map((t) => t.leastPackets)),
      asked: sum((t) => t.asked),
      repaired: sum((t) => t.repaired),
      firstPictureAtMs: parts.flatMap((t) => t.firstPictureAtMs),
    };
  }

  /** From request to the first whole keyframe, sorted, ms; viewers that never had one are left out. */
  async firstPicturesMs(): Promise<number[]> {
    const parts = (await this.#reports()).map((t) => t.firstPictureAtMs);
    const n = this.#children.length;
    return parts
      .flatMap((times, process) => times.map((atMs, at) => (atMs === 0 ? Number.NaN : atMs - (this.#askedAtMs[at * n + process] ?? Number.NaN))))
      .filter((ms) => !Number.isNaN(ms))
      .sort((a, b) => a - b);
  }

  leave(): void {
    for (const child of this.#children) child.send({ leave: true });
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  #reports(): Promise<ViewerTotals[]> {
    return Promise.all(
      this.#children.map(async (child, process) => {
        const next = this.#next(process, 'totals');
        child.send({ report: true });
        return (await next).totals as ViewerTotals;
      }),
    );
  }

  #place(index: number): [ChildProcess, number, number] {
    const process = index % this.#children.length;
    return [this.#children[process] as ChildProcess, Math.floor(index / this.#children.length), process];
  }

  #next(process: number, key: string): Promise<Message> {
    return new Promise((resolve, reject) => {
      const name = `${process} ${key}`;
      const timer = setTimeout(() => reject(new Error(`a viewer said nothing: ${key}`)), MESSAGE_TIMEOUT_MS);
      this.#waiting.set(name, (message) => {
        clearTimeout(timer);
        this.#waiting.delete(name);
        resolve(message);
      });
    });
  }
}
