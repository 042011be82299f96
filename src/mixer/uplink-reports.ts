import type { ParticipantId } from '../domain/ids.ts';
import type { UplinkWish } from '../domain/uplink.ts';

export type UplinkReport = Record<ParticipantId, UplinkWish[]>;

/**
 * A mix's words to its publishers on their way to the store. The mix tells each change once: what the store does not take (Redis is
 * away) waits here, unless there is newer word, or somebody who came on stage meanwhile would go on sending a stamp.
 */
export class UplinkReports {
  /** One entry for each publisher of the room at most. */
  #untold = new Map<ParticipantId, UplinkWish[]>();
  #sending = false;

  constructor(private readonly put: (wishes: UplinkReport) => Promise<void>) {}

  tell(wishes: UplinkReport): void {
    for (const [participant, list] of Object.entries(wishes) as [ParticipantId, UplinkWish[]][]) this.#untold.set(participant, list);
    void this.again();
  }

  /** Tries what is left; call it when the store is there. Never rejects. */
  async again(): Promise<void> {
    if (this.#sending) return; // one after the other: an old word must not come after a new one
    this.#sending = true;
    try {
      while (this.#untold.size > 0) {
        const sent = this.#untold;
        this.#untold = new Map();
        try {
          await this.put(Object.fromEntries(sent) as UplinkReport);
        } catch {
          this.#untold = new Map([...sent, ...this.#untold]);
          return;
        }
      }
    } finally {
      this.#sending = false;
    }
  }
}
