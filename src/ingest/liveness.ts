/** When a publisher counts as gone. Pure: whip-session.ts looks, this decides. */

export interface PeerSigns {
  nowMs: number;
  openedAtMs: number;
  /** ICE reached `connected` once. */
  everConnected: boolean;
  ice: RTCIceConnectionState;
  /** From getStats; the only sign of a close by the other side (measured: `connectionState` stays `connected`). */
  dtls: string | undefined;
  /** Bytes came in, or a picture was shown, last at. */
  lastMediaAtMs: number;
}

/** A publisher gets longer for its first connection: gathering and checks over TURN take their time. */
const FIRST_CONNECTION_MS = 20_000;

/**
 * libwebrtc says `disconnected` about 7.6 s after the last packet and `failed` after 17.7 s (measured). A publisher that
 * sends nothing but answers consent checks (RFC 7675) stays `connected` and stays here.
 * @returns why it is gone, or undefined
 */
export function whyGone(signs: PeerSigns, publisherTimeoutMs: number): string | undefined {
  if (signs.dtls === 'closed' || signs.dtls === 'failed') return 'closed by the publisher';
  if (!signs.everConnected) {
    if (signs.nowMs - signs.openedAtMs >= FIRST_CONNECTION_MS) return 'never connected';
    return undefined;
  }
  const silentMs = signs.nowMs - signs.lastMediaAtMs;
  const consent = signs.ice === 'connected' || signs.ice === 'completed';
  if (!consent && silentMs >= publisherTimeoutMs) return 'silent';
  return undefined;
}
