/** JSON log lines as lines for people: `12:03:04 ingest  info  publication started  room=demo`. Anything else passes unchanged. */
const HIDDEN = new Set(['level', 'time', 'pid', 'role', 'node', 'msg']);

/** @param line one line without its newline */
export function prettyLine(line: string): string {
  if (!line.startsWith('{')) return line;
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const time = String(record['time'] ?? '').slice(11, 19);
  const role = String(record['role'] ?? '').padEnd(15);
  const level = String(record['level'] ?? '').padEnd(5);
  const facts = Object.entries(record)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${factText(value)}`)
    .join(' ');
  return `${time} ${role} ${level} ${String(record['msg'] ?? '')}${facts === '' ? '' : `  ${facts}`}`;
}

function factText(value: unknown): string {
  if (value !== null && typeof value === 'object' && 'message' in value) return String((value as { message: unknown }).message);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Splits a byte stream into lines and hands each to `write` in pretty form; the longest line kept is 64 KiB. */
export function prettyLines(write: (text: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = (lines.pop() ?? '').slice(-65_536);
    for (const line of lines) write(`${prettyLine(line)}\n`);
  };
}
