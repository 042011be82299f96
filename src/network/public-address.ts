import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Addresses that are not of the public internet: RFC 6890 and its registry, IPv4 and IPv6. */
const SPECIAL_V4: readonly [string, number][] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
];

const special = new BlockList();
for (const [net, bits] of SPECIAL_V4) special.addSubnet(net, bits, 'ipv4');
// only 2000::/3 is in use publicly; out of it the ranges for documentation, benchmarks, 6to4 and Teredo (they can carry an IPv4 address)
const globalV6 = new BlockList();
globalV6.addSubnet('2000::', 3, 'ipv6');
for (const [net, bits] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const) special.addSubnet(net, bits, 'ipv6');

/** False for loopback, private, link-local, multicast, documentation and everything else that a caller must not reach through us. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  // ::ffff:a.b.c.d and 64:ff9b::/96 lie outside 2000::/3, so a mapped address is never public here
  return globalV6.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
