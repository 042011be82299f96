/** What must hold for the files of the repository themselves. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROLES, SETTINGS } from '../../src/config/config.ts';
import { repoRoot } from '../../src/config/paths.ts';
import { settingsDocument } from '../../src/config/settings-document.ts';

function text(path: string): string {
  return readFileSync(join(repoRoot, path), 'utf8');
}

/** Files that are or will be under version control. */
function files(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: repoRoot, encoding: 'utf8' }).split('\n').filter(Boolean);
}

function sources(...folders: string[]): string[] {
  return files().filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)) && /\.tsx?$/.test(path));
}

describe('documents', () => {
  it('docs/configuration.md is what the schema says (npm run docs:config)', () => {
    expect(text('docs/configuration.md')).toBe(settingsDocument());
  });

  it('every setting has a meaning in a sentence', () => {
    for (const { env, doc } of Object.values(SETTINGS)) expect(doc, env).toMatch(/^[A-Z].*\.$/s);
  });

  it('the changelog has what comes next on top', () => {
    expect(text('docs/changelog.md').match(/^## .*$/m)?.[0]).toBe('## NEXT');
  });

  it('links between documents lead somewhere', () => {
    for (const document of files().filter((path) => path.endsWith('.md'))) {
      for (const [, target] of text(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
        const path = join(repoRoot, document, '..', target as string);
        expect(() => accessSync(path), `${document} → ${target}`).not.toThrow();
      }
    }
  });
});

describe('sources', () => {
  it('process.env is read in src/config/config.ts only', () => {
    const readers = sources('src', 'workers', 'pipelines').filter((path) => /process\s*\.\s*env/.test(withoutComments(text(path))) && !path.endsWith('.test.ts'));
    expect(readers.filter((path) => path !== 'src/config/config.ts')).toEqual([]);
  });

  it('no file is called utils, helpers, manager or common', () => {
    expect(files().filter((path) => /(^|\/)(utils?|helpers?|managers?|common)(\.|\/)/.test(path))).toEqual([]);
  });

  it('names are kebab-case', () => {
    const odd = sources('src', 'workers', 'pipelines', 'scripts', 'test', 'web').filter((path) => !/^[a-z0-9./-]+$/.test(path));
    expect(odd).toEqual([]);
  });

  it('each role has its process', () => {
    for (const role of ROLES) accessSync(join(repoRoot, `workers/${role}.ts`));
  });
});

describe('packaging', () => {
  it('the lock file names no registry and has what npm ci wants for every platform', () => {
    const lock = JSON.parse(text('package-lock.json')) as { packages: Record<string, { version?: string; resolved?: string; optionalDependencies?: Record<string, string> }> };
    const entries = Object.entries(lock.packages);
    expect(entries.filter(([, p]) => p.resolved !== undefined && !p.resolved.startsWith('file:'))).toEqual([]);
    const names = new Set(entries.map(([path]) => path.replace(/^.*node_modules\//, '')));
    const missing = entries.flatMap(([, p]) => Object.keys(p.optionalDependencies ?? {}).filter((name) => !names.has(name)));
    expect(missing).toEqual([]);
  });

  it('no file names a folder of somebody’s machine or a registry host', () => {
    const told = /\/(work|home|Users)\/[a-z]|registry\.[a-z]+js\.org|deb\.debian\.org/;
    const found = files()
      .filter((path) => !/\.(png|svg|ico|woff2?)$/.test(path) && path !== 'test/repo/repository.test.ts')
      .filter((path) => told.test(text(path)));
    expect(found).toEqual([]);
  });

  it('commands can be executed', () => {
    for (const command of ['setup', 'start', 'test', 'build', 'check', 'token', 'doctor', 'tessera']) accessSync(join(repoRoot, 'scripts', command), constants.X_OK);
    accessSync(join(repoRoot, '.ci/run'), constants.X_OK);
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}
