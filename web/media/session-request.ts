import { ApiError, errorOf, unreachable } from '../api/api-error.ts';
import { iceServersOf } from './ice-links.ts';

export interface OpenedSession {
  /** SDP with all of the server's candidates. */
  answer: string;
  /** Absolute URL for DELETE; unguessable. */
  resource: string;
  /** From the Link headers (RFC 9725, section 4.6). */
  iceServers: RTCIceServer[];
}

/**
 * POSTs an offer to a WHIP or WHEP endpoint (RFC 9725, section 4.2). @throws ApiError, with `retryAfterMs` where sent
 */
export async function openSession(endpoint: string, token: string | undefined, offer: string, signal: AbortSignal): Promise<OpenedSession> {
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...authorization(token) },
      body: offer,
      signal,
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(cause);
  }
  if (response.status !== 201) throw await errorOf(response);
  const location = response.headers.get('Location');
  if (!location) throw new ApiError(502, 'noLocation', 'The service answered without naming the session.');
  return {
    answer: await response.text(),
    resource: new URL(location, response.url || window.location.href).href,
    iceServers: iceServersOf(response.headers.get('Link')),
  };
}

/** Ends a session. Sent with keepalive, so it also leaves while the page is going away; a failure is not worth a word. */
export function endSession(resource: string, token: string | undefined): void {
  fetch(resource, { method: 'DELETE', headers: authorization(token), keepalive: true }).catch(() => undefined);
}

/** `POST …/rendition` of a WHEP session. @throws ApiError */
export async function changeRendition(resource: string, token: string | undefined, rendition: string): Promise<void> {
  const response = await fetch(`${resource}/rendition`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization(token) },
    body: JSON.stringify({ rendition }),
  }).catch((cause: unknown) => {
    throw unreachable(cause);
  });
  if (!response.ok) throw await errorOf(response);
}

function authorization(token: string | undefined): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {};
}
