import type { RestreamId, RoomId } from '../domain/ids.ts';
import type { Restream, RestreamStatus } from '../domain/restream.ts';
import type { EventPublisher } from '../state/events.ts';
import type { RestreamStore } from '../state/restream-store.ts';

/** Writes how a restream does: a change of status at once, the byte count with the next tick. A Redis that is away costs only freshness. */
export class StatusReport {
  #written: Pick<Restream, 'status' | 'bytesSent' | 'lastError'>;
  #wanted: Pick<Restream, 'status' | 'bytesSent' | 'lastError'>;
  #writing: Promise<void> | undefined;

  constructor(
    private readonly parts: { restreams: Pick<RestreamStore, 'update'>; events: Pick<EventPublisher, 'publish'> },
    private readonly id: RestreamId,
    private readonly room: RoomId,
    from: Restream,
  ) {
    this.#written = { status: from.status, bytesSent: from.bytesSent, ...(from.lastError === undefined ? {} : { lastError: from.lastError }) };
    this.#wanted = { ...this.#written };
  }

  get status(): RestreamStatus {
    return this.#wanted.status;
  }

  set(change: { status?: RestreamStatus; bytesSent?: number; lastError?: string | undefined }): void {
    this.#wanted = { ...this.#wanted, ...change };
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when what was set last is stored, or could not be (after three tries). */
  async flush(): Promise<void> {
    for (let attempt = 0; attempt < 3 && this.#differs(); attempt++) {
      this.set({});
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted;
    try {
      await this.parts.restreams.update(this.id, (current) => {
        const { lastError: _old, ...rest } = current;
        return { ...rest, ...wanted };
      });
    } catch {
      return;
    }
    const changed = wanted.status !== this.#written.status || wanted.lastError !== this.#written.lastError;
    this.#written = wanted;
    if (changed) this.parts.events.publish({ type: 'restreamChanged', room: this.room, restream: this.id });
  }

  #differs(): boolean {
    const [a, b] = [this.#wanted, this.#written];
    return a.status !== b.status || a.bytesSent !== b.bytesSent || a.lastError !== b.lastError;
  }
}
