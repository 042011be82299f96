/** The text of docs/configuration.md, made from {@link SETTINGS}. */
import { z } from 'zod';
import { SETTINGS } from './config.ts';

/** Whose default is a fact of the machine, not of the product. */
const MACHINE_DEFAULTS: Partial<Record<keyof typeof SETTINGS, string>> = { dataDir: '`data`', nodeId: 'the host name' };

const HEAD = `# Configuration

Every setting is an environment variable, read once at start; a wrong one is named in a sentence and nothing is started (exit code 2).
\`scripts/start\` has flags for the most used: \`--port\`, \`--data-dir\`, \`--roles\`. This table is made from \`src/config/config.ts\`
by \`npm run docs:config\`; a test compares the two.

| variable | default | meaning |
|---|---|---|
`;

const TAIL = `
\`scripts/start\` itself also reads \`TESSERA_DEMO\` (\`true\` is \`--demo\`) and \`TESSERA_SKIP_SETUP\` (\`true\`: neither installs nor builds).
`;

export function settingsDocument(): string {
  const rows = Object.entries(SETTINGS).map(([key, { env, schema, doc }]) => {
    const fallback = MACHINE_DEFAULTS[key as keyof typeof SETTINGS] ?? defaultText(schema);
    return `| \`${env}\` | ${fallback} | ${doc.replaceAll('|', '\\|')} |`;
  });
  return `${HEAD}${rows.join('\n')}\n${TAIL}`;
}

function defaultText(schema: z.ZodType): string {
  const { success, data } = schema.safeParse(undefined);
  if (!success || data === undefined) return '–';
  if (Array.isArray(data)) return data.length === 0 ? '–' : `\`${data.join(',')}\``;
  if (typeof data === 'object' && data !== null && 'min' in data && 'max' in data) return `\`${String(data.min)}-${String(data.max)}\``;
  return data === '' ? '–' : `\`${String(data)}\``;
}
