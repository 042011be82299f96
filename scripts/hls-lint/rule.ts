import type { Observed } from './observed.ts';

/** A rule of conformance.md (HLS and LL-HLS) as a pure function of what was seen. */
export interface Rule {
  /** `<number in conformance.md>-<what>`. */
  id: string;
  text: string;
  /** @returns a sentence per violation; `notSeen` when nothing happened that the rule is about */
  check(observed: Observed): string[] | 'notSeen';
}

export type Verdict = { verdict: 'ok' | 'notSeen' } | { verdict: 'violated'; count: number; first: string[] };

const SHOWN = 5;

export function judge(rules: readonly Rule[], observed: Observed): { rules: Record<string, Verdict & { text: string }>; violated: number } {
  const out: Record<string, Verdict & { text: string }> = {};
  let violated = 0;
  for (const rule of rules) {
    const found = rule.check(observed);
    if (found === 'notSeen') out[rule.id] = { text: rule.text, verdict: 'notSeen' };
    else if (found.length === 0) out[rule.id] = { text: rule.text, verdict: 'ok' };
    else {
      violated++;
      const different = [...new Set(found)];
      out[rule.id] = { text: rule.text, verdict: 'violated', count: found.length, first: different.slice(0, SHOWN) };
    }
  }
  return { rules: out, violated };
}
