/** What the service says before a player begins. */
export interface PlayerStart {
  name: string;
  modes: ('webrtc' | 'hls')[];
  viewers: number;
  video: { width: number; height: number };
}

const TIMEOUT_MS = 3_000;

/** @returns undefined when it is refused or does not answer in time: playing itself will tell why */
export async function askStart(room: string, token: () => Promise<string | undefined>, signal: AbortSignal): Promise<PlayerStart | undefined> {
  try {
    const value = await token();
    const response = await fetch(`/api/rooms/${encodeURIComponent(room)}/player`, {
      headers: value ? { Authorization: `Bearer ${value}` } : {},
      cache: 'no-store',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return response.ok ? ((await response.json()) as PlayerStart) : undefined;
  } catch {
    return undefined;
  }
}
