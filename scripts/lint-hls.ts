/**
 * Follows an LL-HLS programme and holds it against every rule of conformance.md: `npm run lint:hls -- <multivariant URL> [--seconds 120]`. JSON on stdout: rule → verdict with
 * the first violations, and a few figures. Exit code 1 when a rule was violated, 2 when nothing could be read. The rules are in scripts/hls-lint/.
 */
import { parseArgs } from 'node:util';
import { follow } from './hls-lint/follow.ts';
import type { Observed } from './hls-lint/observed.ts';
import { judge } from './hls-lint/rule.ts';
import { RULES } from './hls-lint/rules.ts';
import { measuredRates } from './hls-lint/rules-of-multivariant.ts';
import { cadence } from './hls-lint/rules-of-parts.ts';

const { values, positionals } = parseArgs({ options: { seconds: { type: 'string', default: '120' } }, allowPositionals: true });
const [url] = positionals;
const seconds = Number(values.seconds);
if (url === undefined || !URL.canParse(url) || !(seconds > 0)) {
  process.stderr.write('Usage: npm run lint:hls -- <URL of the multivariant playlist> [--seconds 120]\n');
  process.exit(2);
}
try {
  const began = performance.now();
  const observed = await follow({ url, seconds, onStarted: () => process.stderr.write(`following ${url} for ${seconds} s\n`) });
  const { rules, violated } = judge(RULES, observed);
  const elapsedSeconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(`${JSON.stringify({ url, seconds: elapsedSeconds, ok: violated === 0, figures: observed.renditions.map(figures), rules }, undefined, 2)}\n`);
  process.exitCode = violated === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

function figures(rendition: Observed['renditions'][number]): object {
  const steps = cadence(rendition).map((s) => s.stepMs);
  const rates = measuredRates(rendition);
  return {
    rendition: rendition.uri,
    playlists: rendition.answers.length,
    parts: rendition.parts.size,
    longestStepMs: Math.round(steps.reduce((a, b) => Math.max(a, b), 0)),
    hints: rendition.hints.length,
    hintsNeverMade: rendition.hints.filter((h) => h.status === 404).length,
    segmentsCompared: rendition.segments.length,
    peakBps: Math.round(rates.peakBps),
    averageBps: Math.round(rates.averageBps),
  };
}
