/** What axe-core finds wrong with a page for people with a screen reader or a keyboard, by the rules of WCAG and good practice. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { repoRoot } from '../../src/config/paths.ts';

interface Violation {
  id: string;
  impact: string;
  help: string;
  nodes: { html: string }[];
}

let script: string | undefined;

/** @returns a line per violation, with the first element that has it */
export async function axeViolations(page: Page): Promise<string[]> {
  script ??= readFileSync(join(repoRoot, 'node_modules/axe-core/axe.min.js'), 'utf8');
  await page.evaluate(script);
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as { violations: Violation[] };
  return violations.map(({ id, impact, help, nodes }) => `${impact} ${id}: ${help}: ${nodes[0]?.html.slice(0, 200) ?? ''}`);
}
