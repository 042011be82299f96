import { needsInvitation, tokenFor } from './access.ts';

/** An open room needs no token: without one the service decides. */
export async function viewerToken(room: string): Promise<string | undefined> {
  try {
    return await tokenFor(room, 'viewer');
  } catch (error) {
    if (needsInvitation(error)) return undefined;
    throw error;
  }
}
