import { isIP } from 'node:net';
import { AppError } from '../../domain/errors.ts';
import { isPublicAddress } from '../../network/public-address.ts';

/** Names that mean this machine or its network, and numbers that a resolver would read as an address. */
const LOCAL_NAME = /^(localhost|.*\.localhost|.*\.local|.*\.internal|[\d.]+|0x.*)\.?$/i;

/**
 * Refuses a destination that is plainly not public already at the request. Names are resolved and checked by the restream
 * worker when it connects, and again at each reconnection.
 */
export function refusePrivateAddress(host: string): void {
  const local = isIP(host) === 0 ? LOCAL_NAME.test(host) : !isPublicAddress(host);
  if (local) throw new AppError('invalidDestination', { detail: 'The URL points to a private or local address; the operator has not allowed these.' });
}
