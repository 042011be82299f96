/**
 * Process of the hostile clients. Talks IPC with siege.ts: in `{begin: attack, target, size}`, `{look: true}`, `{end: true}`; out `{begun}`,
 * `{figures}`, `{ended}`, `{failed}`. One attack at a time, but for idle connections, which may stand while others come.
 */
import type { Attack, Begin } from './attack.ts';
import { heldInARow, idleConnections, slowReaders } from './connections.ts';
import { blockingReloads, emptyPromises, patchFlood } from './requests.ts';
import type { Target } from './target.ts';
import { fakeFeedback, sendsMedia, wrongFingerprints } from './viewers.ts';

export const ATTACKS = { idleConnections, slowReaders, heldInARow, blockingReloads, patchFlood, emptyPromises, fakeFeedback, sendsMedia, wrongFingerprints } as const satisfies Record<string, Begin>;
export type AttackName = keyof typeof ATTACKS;

export interface AttackerMessage {
  begin?: AttackName;
  target?: Target;
  size?: number;
  look?: AttackName;
  end?: AttackName;
}

const running = new Map<AttackName, Attack>();

async function take({ begin, target, size, look, end }: AttackerMessage): Promise<object> {
  if (begin && target) {
    running.set(begin, await ATTACKS[begin](target, size ?? 1));
    return { done: true };
  }
  const name = look ?? end;
  const attack = name && running.get(name);
  if (!attack) throw new Error(`${name} is not under way`);
  const figures = look ? await attack.figures() : {};
  if (end) {
    running.delete(end);
    await attack.close();
  }
  return { figures };
}

process.on('message', (message: AttackerMessage) => {
  take(message).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ done: true });
