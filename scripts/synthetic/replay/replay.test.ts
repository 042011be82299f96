import { describe, expect, it } from 'vitest';
import { firstCandidate, throughLink } from './bad-link.ts';
import { LOOP_SIZES, loopFor, type LoopSize } from './loop-sizes.ts';
import { isFlashing } from './replayed-publisher.ts';

const size = (name: string): LoopSize => LOOP_SIZES.find((s) => s.name === name) as LoopSize;

describe('size of a replayed publisher', () => {
  it('is the one asked for, the next smaller when there is none, and never more than its own', () => {
    expect(loopFor({ width: 426 }, size('1280x720')).name).toBe('426x240');
    expect(loopFor({ width: 854 }, size('1280x720')).name).toBe('640x360');
    expect(loopFor({ width: 1280 }, size('640x360')).name).toBe('640x360');
    expect(loopFor({ width: 90 }, size('640x360')).name).toBe('160x90');
  });
});

describe('flashes', () => {
  it('last 100 ms in each 2 s, on the grid of 15 and of 30 pictures a second alike', () => {
    for (const rate of [15, 30])
      for (const offsetMs of [0, 200, 1600]) {
        const second = Math.floor(1_795_467_442_628 / 1000) * rate;
        const on = Array.from({ length: 4 * rate }, (_, i) => ((second + i) * 1000) / rate).filter((at) => isFlashing(at, offsetMs));
        expect(on).toHaveLength(rate === 30 ? 6 : 4);
        expect(Math.round((on[0] as number) - offsetMs) % 2000).toBe(0);
      }
  });
});

describe('bad link', () => {
  const answer = [
    'v=0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:0',
    'a=candidate:1 1 udp 2122260223 192.0.2.7 40000 typ host generation 0',
    'a=candidate:2 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:1',
    '',
  ].join('\r\n');

  it('finds where the answerer listens and puts itself there instead', () => {
    expect(firstCandidate(answer)).toEqual({ address: '192.0.2.7', port: 40_000 });
    const relayed = throughLink(answer, 5555);
    expect(relayed).not.toContain('192.0.2.7');
    expect(relayed.match(/a=candidate:1 1 UDP 2130706431 127\.0\.0\.1 5555 typ host\r\n/g)).toHaveLength(2);
    expect(firstCandidate('v=0\r\n')).toBeUndefined();
  });
});
