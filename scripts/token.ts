/** `scripts/token --room R --role host`: mints a token with the first of TESSERA_API_KEYS, or with the key of local mode. */
import { parseArgs } from 'node:util';
import { ConfigError, loadConfig } from '../src/config/config.ts';
import { ROLES } from '../src/control/auth/claims.ts';
import { Tokens } from '../src/control/auth/tokens.ts';
import { isName, type RoomId } from '../src/domain/ids.ts';
import type { Role } from '../src/domain/room.ts';

const HELP = `Usage: scripts/token --room ROOM --role ROLE [--sub ID] [--name NAME] [--ttl SECONDS]

Prints a token for the Authorization header. ROLE is one of ${ROLES.join(', ')}; ROOM is a room's id, or * for operators.
It is signed with the first key of TESSERA_API_KEYS; without keys, with the one of local mode.
`;

function fail(sentence: string): never {
  process.stderr.write(`scripts/token: ${sentence}\n`);
  process.exit(2);
}

function read(): { room: RoomId | '*'; role: Role; sub?: string; name?: string; ttlMs?: number } {
  const { values } = parseArgs({
    options: {
      room: { type: 'string' },
      role: { type: 'string' },
      sub: { type: 'string' },
      name: { type: 'string' },
      ttl: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const { room, role, sub, name, ttl } = values;
  if (room === undefined || (room !== '*' && !isName(room))) fail('--room must be letters, digits, _ and -, at most 64, or *');
  if (room === '*' && role !== 'operator') fail('only an operator token is for all rooms');
  if (role === undefined || !(ROLES as readonly string[]).includes(role)) fail(`--role must be one of ${ROLES.join(', ')}`);
  if (sub !== undefined && !isName(sub)) fail('--sub must be letters, digits, _ and -, at most 64');
  const ttlSeconds = ttl === undefined ? undefined : Number(ttl);
  if (ttlSeconds !== undefined && !(ttlSeconds > 0)) fail('--ttl must be a number of seconds');
  return {
    room: room as RoomId | '*',
    role: role as Role,
    ...(sub === undefined ? {} : { sub }),
    ...(name === undefined ? {} : { name }),
    ...(ttlSeconds === undefined ? {} : { ttlMs: ttlSeconds * 1000 }),
  };
}

try {
  const request = read();
  const { token } = await new Tokens(loadConfig().apiKeys).mint(request);
  process.stdout.write(`${token}\n`);
} catch (error) {
  if (error instanceof ConfigError) fail(`wrong settings\n  ${error.problems.join('\n  ')}`);
  fail(error instanceof Error ? error.message : String(error));
}
