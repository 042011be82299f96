import { describe, expect, it } from 'vitest';
import { iceServersOf } from './ice-links.ts';

describe('iceServersOf', () => {
  it('reads several servers, with credentials that hold commas and escaped quotes', () => {
    const header = '<stun:stun.example.net>; rel="ice-server", <turn:turn.example.net?transport=udp>; rel="ice-server"; username="a,b"; credential="c\\"d"; credential-type="password"';
    expect(iceServersOf(header)).toEqual([
      { urls: 'stun:stun.example.net' },
      { urls: 'turn:turn.example.net?transport=udp', username: 'a,b', credential: 'c"d' },
    ]);
  });

  it('leaves other links and other schemes alone', () => {
    expect(iceServersOf('<https://example.net/x>; rel="ice-server", </y>; rel="next"')).toEqual([]);
    expect(iceServersOf(null)).toEqual([]);
  });
});
