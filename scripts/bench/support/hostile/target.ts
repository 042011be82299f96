/** What honest and hostile clients are told about the product they meet. */
export interface Target {
  /** `http://127.0.0.1:<port>` */
  url: string;
  room: string;
  viewerToken: string;
  /** May publish. */
  publisherToken: string;
}

/** A caller's address as the proxy in front tells it: control believes one on loopback, and counts each as somebody else. */
export function from(address: string): Record<string, string> {
  return { 'x-forwarded-for': address };
}

/** Address of the playlists with the token in the path, ending in a slash. */
export function hlsRoot({ url, room, viewerToken }: Target): string {
  return `${url}/hls/${room}/t/${viewerToken}/`;
}
