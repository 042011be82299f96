/** ICE servers out of `Link: <turn:…>; rel="ice-server"; username="…"; credential="…"` (RFC 9725, section 4.6). */
export function iceServersOf(link: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, urls = '', rest = ''] of (link ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+="(?:[^"\\]|\\.)*"|\s*;\s*[\w-]+=[^",;\s]+)*)/g)) {
    const values = new Map([...rest.matchAll(/;\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]+))/g)].map((m) => [m[1], (m[2] ?? m[3] ?? '').replace(/\\(.)/g, '$1')]));
    if (values.get('rel') !== 'ice-server' || !/^(stuns?|turns?):/.test(urls)) continue;
    const username = values.get('username');
    const credential = values.get('credential');
    servers.push({ urls, ...(username === undefined ? {} : { username }), ...(credential === undefined ? {} : { credential }) });
  }
  return servers;
}
