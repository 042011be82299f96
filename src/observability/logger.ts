import { pino, type Logger as PinoLogger } from 'pino';
import type { Config } from '../config/config.ts';

export type Logger = PinoLogger;

/** Lines that nobody takes are dropped beyond this. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024;

/** Structured log of one role. Bind room, participant and epoch once with `child`. Lines go to stderr; stdout stays free for what a command prints. */
export function createLogger(role: string, config: Pick<Config, 'logLevel' | 'nodeId'>): Logger {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: MAX_UNWRITTEN_BYTES });
  // A closed terminal (EIO) or a full disk costs lines, never the role.
  destination.on('error', () => undefined);
  return pino(
    {
      level: config.logLevel,
      base: { role, node: config.nodeId, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ['token', 'secret', 'authorization', 'req.headers.authorization', 'url', 'streamKey'], censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
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
