import type { Rule } from './rule.ts';
import { acrossRules } from './rules-across-renditions.ts';
import { deliveryRules } from './rules-of-delivery.ts';
import { multivariantRules } from './rules-of-multivariant.ts';
import { partRules } from './rules-of-parts.ts';
import { playlistRules } from './rules-of-playlists.ts';

/** All rules, in the order of conformance.md. */
export const RULES: readonly Rule[] = [...playlistRules, ...acrossRules, ...partRules, ...deliveryRules, ...multivariantRules].sort((a, b) => Number.parseInt(a.id, 10) - Number.parseInt(b.id, 10));
