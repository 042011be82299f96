/** Tells a connection that moves bytes from one that hangs: pure, asked once a second. */
export const LIVE_BYTES = 16_384;
export const STALL_MS = 10_000;

export class ByteProgress {
  #bytes = 0;
  #movedAtMs: number;
  #liveSinceMs: number | undefined;

  constructor(nowMs: number) {
    this.#movedAtMs = nowMs;
  }

  /** @param bytes sent on this connection so far; handshakes alone (about 3.5 kB for RTMP) do not make it live */
  note(bytes: number, nowMs: number): void {
    if (bytes > this.#bytes) this.#movedAtMs = nowMs;
    this.#bytes = Math.max(this.#bytes, bytes);
    if (this.#bytes >= LIVE_BYTES) this.#liveSinceMs ??= nowMs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get live(): boolean {
    return this.#liveSinceMs !== undefined;
  }

  stalled(nowMs: number): boolean {
    return nowMs - this.#movedAtMs >= STALL_MS;
  }

  /** How long bytes went out, up to the last that did. */
  get liveMs(): number {
    return this.#liveSinceMs === undefined ? 0 : Math.max(0, this.#movedAtMs - this.#liveSinceMs);
  }
}
