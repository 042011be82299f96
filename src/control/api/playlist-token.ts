/**
 * A playlist fetched with `?token=` must hand the token on to every URI in it (conformance.md, HLS 11). With the token in a
 * path prefix nothing is to do: the URIs are relative.
 */
export function withToken(playlist: string, token: string): string {
  const add = (uri: string): string => {
    if (/[?&]token=/.test(uri)) return uri;
    return `${uri}${uri.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`;
  };
  return playlist
    .split('\n')
    .map((line) => {
      if (line.startsWith('#')) return line.replace(/([:,]URI=")([^"]*)"/g, (_all, before: string, uri: string) => `${before}${add(uri)}"`);
      return line.trim() === '' ? line : add(line.trimEnd());
    })
    .join('\n');
}
