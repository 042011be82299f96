/**
 * Local mode's secret is printed in the source, so the door must stay shut for web pages from elsewhere: requests are taken
 * only under a loopback host name (DNS rebinding) and only from pages of loopback origins (cross-site requests).
 */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** True for `localhost`, `127.x.x.x` and `[::1]`, with or without a port. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK.test(host.replace(/:\d+$/, ''));
}

export function isLoopbackOrigin(origin: string): boolean {
  try {
    return isLoopbackHost(new URL(origin).host);
  } catch {
    return false; // "null" and the like
  }
}

/** Whether local mode takes a request with these headers. No Origin: not a browser's cross-site request. */
export function allowedInLocalMode(headers: { host?: string | undefined; origin?: string | undefined }): boolean {
  return isLoopbackHost(headers.host) && (headers.origin === undefined || isLoopbackOrigin(headers.origin));
}
