/** `npm run docs:config`: writes docs/configuration.md out of the schema of settings. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../src/config/paths.ts';
import { settingsDocument } from '../src/config/settings-document.ts';

writeFileSync(join(repoRoot, 'docs/configuration.md'), settingsDocument());
