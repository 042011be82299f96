import { describe, expect, it } from 'vitest';
import { DEGRADE_STEPS } from '../../src/domain/degrade-ladder.ts';
import { degradedWords } from './mix-words.ts';

describe('degradedWords', () => {
  it('says for each step what is seen, and why', () => {
    for (const step of DEGRADE_STEPS) {
      if (step === 'none') continue;
      expect(degradedWords({ step, reason: 'output 240 ms late', since: '2026-01-01T10:00:00.000Z' })).toMatch(/^\S.* since .*: the machine is overloaded \(output 240 ms late\)\./);
    }
  });

  it('leaves the time out when there is none', () => {
    expect(degradedWords({ step: 'frameRate', reason: 'x', since: '' })).toMatch(/^The picture runs at half its frame rate: the/);
  });
});
