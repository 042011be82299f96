import { expect, it } from 'vitest';
import { allowedInLocalMode } from './loopback.ts';

it.each([
  ['localhost:8080', undefined, true],
  ['127.0.0.1:8080', 'http://127.0.0.1:8080', true],
  ['[::1]:8080', 'http://localhost:5173', true],
  ['127.1.2.3', undefined, true],
  ['LOCALHOST', undefined, true],
  [undefined, undefined, false],
  ['', undefined, false],
  ['evil.example', undefined, false],
  ['localhost.evil.example:8080', undefined, false],
  ['127.0.0.1.evil.example', undefined, false],
  ['evil.example:127.0.0.1', undefined, false],
  ['localhost:8080', 'https://evil.example', false],
  ['localhost:8080', 'null', false],
  ['localhost:8080', 'http://localhost.evil.example', false],
])('host %s, origin %s: %s', (host, origin, allowed) => {
  expect(allowedInLocalMode({ host, origin })).toBe(allowed);
});
