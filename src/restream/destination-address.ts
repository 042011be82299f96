import { lookup } from 'node:dns/promises';
import { AppError } from '../domain/errors.ts';
import { isPublicAddress } from '../network/public-address.ts';

const RESOLVE_TIMEOUT_MS = 5000;

/**
 * Resolves a host once. The caller connects to the address it gets, so a name that changes between check and use gains nothing.
 * @throws AppError invalidDestination for an address that is not public (for good), destinationFailed when the name cannot be resolved (for now)
 */
export async function resolveAddress(host: string, allowPrivate: boolean): Promise<string> {
  const addresses = await resolve(host);
  const first = addresses[0];
  if (first === undefined) throw new AppError('destinationFailed', { detail: 'The name of the destination cannot be resolved.' });
  // one private address among public ones is a trap, not a mistake
  if (!allowPrivate && !addresses.every(isPublicAddress))
    throw new AppError('invalidDestination', { detail: 'The destination is a private or local address.' });
  return first;
}

async function resolve(host: string): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), RESOLVE_TIMEOUT_MS);
  });
  try {
    return (await Promise.race([lookup(host, { all: true }), tooLong])).map((a) => a.address);
  } catch (cause) {
    throw new AppError('destinationFailed', { detail: 'The name of the destination cannot be resolved.', cause });
  } finally {
    clearTimeout(timer);
  }
}
