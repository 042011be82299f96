/** Proxies that are believed: those on this machine. Express takes it as its `trust proxy`. */
export const TRUSTED_PROXY = 'loopback';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** Who asks, as express says it for requests that go by it. @param forwardedFor X-Forwarded-For, which each proxy appends its caller to */
export function callerAddress(remote: string, forwardedFor: string | undefined): string {
  if (forwardedFor === undefined || !LOOPBACK.test(remote)) return remote;
  const hops = forwardedFor.split(',');
  return hops.findLast((hop) => !LOOPBACK.test(hop.trim()))?.trim() ?? hops[0]?.trim() ?? remote;
}
