/** Second half of `scripts/doctor`: what the machine gives and whether the settings can be used. Packages are checked before, by scripts/setup. */
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, freemem, release, totalmem } from 'node:os';
import { ConfigError, loadConfig, type Config } from '../src/config/config.ts';
import { preflight } from '../src/supervisor/preflight.ts';

function line(name: string, value: string): void {
  process.stdout.write(`${`${name}:`.padEnd(22)}${value}\n`);
}

function sizeText(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

function osName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

function sharedMemory(): string {
  try {
    const { bavail, blocks, bsize } = statfsSync('/dev/shm');
    return `${sizeText(bavail * bsize)} free of ${sizeText(blocks * bsize)}`;
  } catch {
    return 'missing';
  }
}

function describe(config: Config): void {
  line('roles', config.roles.join(', '));
  line('data folder', config.dataDir);
  line('run folder', config.runDir);
  line('HTTP', `${config.httpHost}:${config.httpPort}${config.localMode ? ' (local mode: no TESSERA_API_KEYS)' : ''}`);
  line('UDP of publishers', `${config.ingestUdpPorts.min}-${config.ingestUdpPorts.max}`);
  line('UDP of viewers', config.edges === 1 ? String(config.edgeUdpPort) : `${config.edgeUdpPort}-${config.edgeUdpPort + config.edges - 1}`);
  line('Redis', config.redisUrl === undefined ? 'embedded' : 'TESSERA_REDIS_URL');
  line('object store', config.storage === 's3' ? `s3, bucket ${config.s3Bucket}` : 'local disk');
}

line('system', `${osName()}, Linux ${release()}`);
line('Node.js', process.version);
line('processors', `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`);
line('memory', `${sizeText(freemem())} free of ${sizeText(totalmem())}`);
line('/dev/shm', sharedMemory());

try {
  const config = loadConfig();
  describe(config);
  const problems = await preflight(config);
  process.stdout.write(problems.length === 0 ? '\nTessera can start here.\n' : `\nTessera cannot start here:\n${problems.map((p) => `  ${p}\n`).join('')}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stdout.write(`\nWrong settings:\n${error.problems.map((p) => `  ${p}\n`).join('')}`);
  process.exitCode = 2;
}
