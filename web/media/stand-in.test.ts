import { expect, it } from 'vitest';
import { deviceSentence } from './local-media.ts';
import { initialsOf } from './stand-in.ts';

it('takes the first letters of the first and the last word', () => {
  expect(initialsOf('  ada  king lovelace ')).toBe('AL');
  expect(initialsOf('Émile')).toBe('É');
  expect(initialsOf('')).toBe('?');
});

it('says in words what is wrong with a device', () => {
  expect(deviceSentence('camera', 'NotAllowedError')).toMatch(/not allowed/);
  expect(deviceSentence('microphone', 'NotFoundError')).toMatch(/No microphone/);
  expect(deviceSentence('camera', 'SomethingNew')).toMatch(/could not be opened/);
});
