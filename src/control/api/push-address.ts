import { BlockList, isIP } from 'node:net';
import { AppError } from '../../domain/errors.ts';

const NOT_PUBLIC = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  NOT_PUBLIC.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  NOT_PUBLIC.addSubnet(net, prefix, 'ipv6');

/**
 * Refuses a destination that is plainly not public already at the request. Names are resolved and checked by the restream
 * worker when it connects, and again at each reconnection.
 */
export function refusePrivateAddress(host: string): void {
  const family = isIP(host);
  const local = family === 0 ? /^(localhost|.*\.localhost|.*\.local|.*\.internal)\.?$/i.test(host) || /^[\d.]+$/.test(host) || /^0x/i.test(host) : NOT_PUBLIC.check(host, family === 4 ? 'ipv4' : 'ipv6');
  if (local) throw new AppError('invalidDestination', { detail: 'The URL points to a private or local address; the operator has not allowed these.' });
}
