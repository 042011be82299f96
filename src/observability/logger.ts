import { pino, type Logger as PinoLogger } from 'pino';
import type { Config } from '../config/config.ts';

export type Logger = PinoLogger;

/** Structured log of one role. Bind room, participant and epoch once with `child`. Lines go to stderr; stdout stays free for what a command prints. */
export function createLogger(role: string, config: Pick<Config, 'logLevel' | 'nodeId'>): Logger {
  return pino(
    {
      level: config.logLevel,
      base: { role, node: config.nodeId, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ['token', 'secret', 'authorization', 'req.headers.authorization', 'url', 'streamKey'], censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** Folds a flood of equal events into at most one line a second: returns a function to call per event, with how many were folded. */
export function folded(write: (count: number) => void, intervalMs = 1000): () => void {
  let count = 0;
  let last = 0;
  return () => {
    count++;
    const now = Date.now();
    if (now - last < intervalMs) return;
    last = now;
    write(count);
    count = 0;
  };
}
