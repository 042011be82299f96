/** A byte budget that refills steadily: bounds what one viewer may have sent again. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  /** @param burstBytes what may go at once */
  constructor(
    private readonly bytesPerSecond: number,
    private readonly burstBytes: number,
    nowMs: number,
  ) {
    this.#tokens = burstBytes;
    this.#atMs = nowMs;
  }

  /** @returns false when the budget is spent */
  take(bytes: number, nowMs: number): boolean {
    this.#tokens = Math.min(this.burstBytes, this.#tokens + ((nowMs - this.#atMs) * this.bytesPerSecond) / 1000);
    this.#atMs = nowMs;
    if (this.#tokens < bytes) return false;
    this.#tokens -= bytes;
    return true;
  }
}
