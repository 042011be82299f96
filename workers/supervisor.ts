/** `scripts/start` in the end runs this: all roles of this machine in the foreground, until SIGINT, SIGTERM or SIGHUP. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, loadConfig, type Config } from '../src/config/config.ts';
import { repoRoot } from '../src/config/paths.ts';
import { createLogger, type Logger } from '../src/observability/logger.ts';
import { DataDirInUse } from '../src/supervisor/instance-lock.ts';
import { dataDirProblem, preflight } from '../src/supervisor/preflight.ts';
import { Supervisor } from '../src/supervisor/supervisor.ts';

/** Ended by a role or a missing part, as opposed to wrong settings (2). */
const EXIT_CANNOT_RUN = 1;
const EXIT_WRONG_SETTINGS = 2;
const READY_TIMEOUT_MS = 30_000;

process.title = 'tessera-supervisor';
const demo = process.argv.includes('--demo');

function refuse(sentences: readonly string[], code: number): never {
  process.stderr.write(`Tessera cannot start:\n${sentences.map((s) => `  ${s}\n`).join('')}`);
  process.exit(code);
}

function settings(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (error instanceof ConfigError) return refuse(error.problems, EXIT_WRONG_SETTINGS);
    throw error;
  }
}

function bundle(path: string): string {
  return join(repoRoot, 'dist', path);
}

const startedAt = performance.now();
const config = settings();
const log: Logger = createLogger('supervisor', config);

let ending = false;
const givenUp = new AbortController();
let checked: Promise<string[]> = Promise.resolve([]);
const supervisor = new Supervisor({ config, log, bundle, onGivenUp: () => end(EXIT_WRONG_SETTINGS) });

function end(code: number): void {
  if (ending) return;
  ending = true;
  givenUp.abort();
  Promise.all([supervisor.close(), checked]).then(
    () => process.exit(code),
    (error: unknown) => {
      log.error({ err: error }, 'close failed');
      process.exit(EXIT_CANNOT_RUN);
    },
  );
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(0));
// SIGHUP comes with a terminal that was closed; what is still written to it must not cut the orderly end short.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
// Started by a test or another program: its end is ours.
process.on('disconnect', () => end(0));

try {
  supervisor.lock();
} catch (error) {
  refuse([error instanceof DataDirInUse ? error.message : (dataDirProblem(config.dataDir) ?? String(error))], EXIT_CANNOT_RUN);
}
const absent = config.roles.filter((role) => !existsSync(bundle(`workers/${role}.js`)));
checked = preflight(config, givenUp.signal);
const problems = await checked;
if (ending) await new Promise(() => undefined); // the end is under way and exits
if (absent.length > 0) problems.push(`Not built: ${absent.join(', ')}. Run scripts/build.`);
if (problems.length > 0) {
  await supervisor.close();
  refuse(problems, EXIT_CANNOT_RUN);
}
if (config.localMode && config.roles.includes('control'))
  process.stdout.write('Local mode: no TESSERA_API_KEYS, so it listens on 127.0.0.1 only and uses the well-known key "local".\n');

try {
  await supervisor.start();
} catch (error) {
  await supervisor.close();
  if (ending) process.exit(0);
  refuse([error instanceof Error ? error.message : String(error)], EXIT_CANNOT_RUN);
}

if (ending) {
  await new Promise(() => undefined);
} else if (config.roles.includes('control')) {
  const url = `http://${config.httpHost === '0.0.0.0' ? '127.0.0.1' : config.httpHost}:${config.httpPort}`;
  const reasons = await readiness(url);
  if (reasons.length === 0) {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(`Tessera is ready after ${seconds} s: ${config.publicUrl ?? url}/\n`);
    process.send?.({ type: 'ready', url });
    if (demo) supervisor.startDemo(url);
  } else if (!ending) {
    process.stdout.write(`Tessera runs but is not ready: ${reasons.join('; ')}\n`);
  }
} else {
  process.stdout.write(`Tessera runs ${config.roles.join(', ')} as ${config.nodeId}.\n`);
  process.send?.({ type: 'ready' });
}

/** Asks /readyz until it is green. @returns the reasons why it is not, none when it is */
async function readiness(url: string): Promise<string[]> {
  let reasons = ['the control role does not answer'];
  while (!ending && performance.now() - startedAt < READY_TIMEOUT_MS) {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) });
      if (response.ok) {
        await response.body?.cancel();
        return [];
      }
      const body = (await response.json()) as { reasons?: string[] };
      reasons = body.reasons ?? [`/readyz answers ${response.status}`];
    } catch {
      // not listening yet
    }
    await delay(100);
  }
  return reasons;
}
