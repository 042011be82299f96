import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/config.ts';
import { frameAncestors } from './security-headers.ts';

const KEYS = `key:${'s'.repeat(32)}`;
const ancestors = (path: string, env: Record<string, string> = { TESSERA_API_KEYS: KEYS }): string => frameAncestors(path, parseConfig(env));

describe('pages in frames', () => {
  it('are the embeddable player only', () => {
    expect(ancestors('/embed/room')).toBe('*');
    for (const path of ['/', '/watch/room', '/studio/room', '/join/room', '/embed/', '/embed/room/more', '/embed/../studio/room']) expect(ancestors(path), path).toBe("'none'");
  });

  it('lie in frames of the sites that the operator allows', () => {
    expect(ancestors('/embed/room', { TESSERA_API_KEYS: KEYS, TESSERA_EMBED_ORIGINS: 'https://example.com, https://*.example.org:8443' })).toBe("'self' https://example.com https://*.example.org:8443");
    expect(ancestors('/embed/room', { TESSERA_API_KEYS: KEYS, TESSERA_EMBED_ORIGINS: 'none' })).toBe("'none'");
  });

  it('are for pages of this machine in local mode', () => {
    expect(ancestors('/embed/room', {})).toContain('http://127.0.0.1:*');
    expect(ancestors('/embed/room', { TESSERA_EMBED_ORIGINS: '*' })).not.toMatch(/(^| )\*( |$)/);
  });

  it('cannot be widened by what a setting holds', () => {
    for (const bad of ["https://a.example; script-src *", '*,https://a.example', 'javascript:x', "'self'", ',']) expect(() => ancestors('/embed/room', { TESSERA_API_KEYS: KEYS, TESSERA_EMBED_ORIGINS: bad }), bad).toThrow(/EMBED_ORIGINS/);
  });
});
