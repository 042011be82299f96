/**
 * What every role process does alike: title, settings, log, signals, the end of its parent, and a bounded graceful close.
 */
import { ConfigError, loadConfig, type Config } from '../config/config.ts';
import { createLogger, type Logger } from '../observability/logger.ts';

export interface RoleContext {
  config: Config;
  log: Logger;
}

export interface RoleOptions {
  /** Process title is `tessera-<name>`. */
  name: string;
  /** Longest time `close` may take before the process ends hard. */
  closeTimeoutMs?: number;
  /** How the process ends; native libraries with parked threads need SIGKILL to themselves. */
  exit?: (code: number) => void;
}

/**
 * Runs a role until SIGTERM, SIGINT or the end of its parent (IPC disconnect → hard exit: a child never outlives its parent).
 * `start` returns the role's `close`. A failed start logs one clear line and exits 1; wrong settings exit 2.
 */
export async function runRole(options: RoleOptions, start: (context: RoleContext) => Promise<() => Promise<void>>): Promise<void> {
  process.title = `tessera-${options.name}`;
  const exit = options.exit ?? ((code: number): void => process.exit(code));
  let config: Config;
  try {
    config = loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`tessera-${options.name}: wrong settings\n${error.problems.map((p) => `  ${p}\n`).join('')}`);
    exit(2);
    return;
  }
  const log = createLogger(options.name, config);
  let close: (() => Promise<void>) | undefined;
  let ending = false;

  const end = (code: number, reason: string): void => {
    if (ending) return;
    ending = true;
    log.info({ reason }, 'closing');
    const timer = setTimeout(() => {
      log.warn('close took too long');
      exit(code);
    }, options.closeTimeoutMs ?? 4000);
    (close?.() ?? Promise.resolve())
      .catch((error: unknown) => log.error({ err: error }, 'close failed'))
      .finally(() => {
        clearTimeout(timer);
        exit(code);
      });
  };

  process.on('SIGTERM', () => end(0, 'SIGTERM'));
  // A terminal's Ctrl-C reaches the whole group: the supervisor decides when its children end.
  process.on('SIGINT', () => (process.connected ? undefined : end(0, 'SIGINT')));
  process.on('disconnect', () => exit(1));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    end(1, 'uncaughtException');
  });
  process.on('unhandledRejection', (error) => {
    log.fatal({ err: error }, 'unhandled rejection');
    end(1, 'unhandledRejection');
  });

  try {
    close = await start({ config, log });
    log.info('ready');
    process.send?.({ type: 'ready' });
    if (ending) await close();
  } catch (error) {
    log.fatal({ err: error }, 'start failed');
    exit(1);
  }
}
