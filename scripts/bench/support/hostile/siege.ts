/** Honest clients watching, hostile ones beside them, each in a process of their own: what the first notice of the second. */
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repoRoot } from '../../../../src/config/paths.ts';
import type { AttackerMessage, AttackName } from './attackers.ts';
import type { AudienceFigures, AudienceMessage } from './audience.ts';
import type { Target } from './target.ts';

const MESSAGE_TIMEOUT_MS = 40_000;

interface Answer {
  done?: true;
  figures?: unknown;
  joinedMs?: number;
  failed?: string;
}

export interface Assault {
  /** How the honest fared meanwhile. */
  honest: AudienceFigures;
  /** How long it took an honest newcomer until the first picture. */
  joinedMs: number;
  /** What the attack counted. */
  attack: Record<string, number>;
}

export class Siege {
  private constructor(
    private readonly target: Target,
    private readonly audience: Child<AudienceMessage>,
    private readonly attackers: Child<AttackerMessage>,
  ) {}

  static async start(target: Target, viewers: number): Promise<Siege> {
    const audience = new Child<AudienceMessage>('audience.ts', 0);
    // Attackers have machines of their own elsewhere: here they get what is left of this one.
    const attackers = new Child<AttackerMessage>('attackers.ts', 15);
    try {
      await Promise.all([audience.answer(), attackers.answer()]);
      await audience.ask({ begin: target, viewers });
    } catch (error) {
      audience.kill();
      attackers.kill();
      throw error;
    }
    return new Siege(target, audience, attackers);
  }

  /** How the honest fare for so long. */
  async peace(ms: number): Promise<AudienceFigures> {
    await this.audience.ask({ forget: true });
    await delay(ms);
    return this.#honest();
  }

  async look(name: AttackName): Promise<Record<string, number>> {
    return (await this.attackers.ask({ look: name })).figures as Record<string, number>;
  }

  async end(name: AttackName): Promise<void> {
    await this.attackers.ask({ end: name });
  }

  /**
   * Counted from its first moment on; when it has gone on for `ms` somebody new comes, and then it ends.
   * @param stands it goes on until {@link end}
   */
  async assault(name: AttackName, size: number, ms: number, { stands = false } = {}): Promise<Assault> {
    await this.audience.ask({ forget: true });
    await this.attackers.ask({ begin: name, target: this.target, size });
    await delay(ms);
    const { joinedMs = Number.NaN } = await this.audience.ask({ join: true });
    const honest = await this.#honest();
    const attack = await this.look(name);
    if (!stands) await this.end(name);
    return { honest, joinedMs, attack };
  }

  close(): void {
    this.audience.kill();
    this.attackers.kill();
  }

  async #honest(): Promise<AudienceFigures> {
    return (await this.audience.ask({ look: true })).figures as AudienceFigures;
  }
}

/** Linux weighs sessions against each other where there is autogrouping (sched(7)): niceness alone counts only within one. */
function yieldAsSession(leader: number | undefined, niceness: number): void {
  try {
    writeFileSync(`/proc/${leader}/autogroup`, String(niceness));
  } catch {
    // No autogroups here: niceness counts everywhere.
  }
}

/** One question at a time, one answer each. */
class Child<Message extends object> {
  readonly #process: ChildProcess;
  #waiting: ((answer: Answer) => void) | undefined;
  readonly kill = (): void => void this.#process.kill('SIGKILL');

  constructor(
    private readonly file: string,
    niceness: number,
  ) {
    const script = join(repoRoot, 'scripts/bench/support/hostile', file);
    this.#process = spawn('nice', ['-n', String(niceness), process.execPath, '--import', 'tsx', script], { cwd: repoRoot, stdio: ['ignore', 2, 2, 'ipc'], detached: true });
    yieldAsSession(this.#process.pid, niceness);
    process.once('exit', this.kill);
    this.#process.once('exit', () => {
      process.off('exit', this.kill);
      this.#waiting?.({ failed: `${file} ended` });
    });
    this.#process.on('message', (answer: Answer) => this.#waiting?.(answer));
  }

  ask(message: Message): Promise<Answer> {
    const answer = this.answer();
    this.#process.send(message);
    return answer;
  }

  answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.file} said nothing`)), MESSAGE_TIMEOUT_MS);
      this.#waiting = (answer) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (answer.failed === undefined) resolve(answer);
        else reject(new Error(answer.failed));
      };
    });
  }
}
