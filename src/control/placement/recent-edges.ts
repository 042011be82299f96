/** What this control process knows of edges before their records say it: viewers just sent there, and edges that did not answer. */
import type { NodeId } from '../../domain/ids.ts';

/** A record is renewed each second and read at most a second late. */
const PLACED_MS = 2000;
const FAILED_MS = 5000;
const MAX_PLACED = 10_000;

export class RecentEdges {
  /** In the order of time. */
  #placed: { edge: NodeId; atMs: number }[] = [];
  readonly #failedAtMs = new Map<NodeId, number>();

  placed(edge: NodeId, nowMs: number): void {
    if (this.#placed.length < MAX_PLACED) this.#placed.push({ edge, atMs: nowMs });
  }

  /** It has not taken the viewer that was placed there last. */
  failed(edge: NodeId, nowMs: number): void {
    this.#failedAtMs.set(edge, nowMs);
    const at = this.#placed.findLastIndex((placed) => placed.edge === edge);
    if (at >= 0) this.#placed.splice(at, 1);
  }

  now(nowMs: number): { placed: ReadonlyMap<NodeId, number>; failed: ReadonlySet<NodeId> } {
    const kept = this.#placed.findIndex(({ atMs }) => nowMs - atMs < PLACED_MS);
    this.#placed.splice(0, kept < 0 ? this.#placed.length : kept);
    const placed = new Map<NodeId, number>();
    for (const { edge } of this.#placed) placed.set(edge, (placed.get(edge) ?? 0) + 1);
    for (const [edge, atMs] of this.#failedAtMs) if (nowMs - atMs >= FAILED_MS) this.#failedAtMs.delete(edge);
    return { placed, failed: new Set(this.#failedAtMs.keys()) };
  }
}
