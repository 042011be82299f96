/**
 * A playlist fetched with `?token=` must hand the token on to every URI in it (conformance.md, HLS 11). With the token in a
 * path prefix nothing is to do: the URIs are relative.
 */
import { Answer } from '../../node-api/hot/answer.ts';

/** The pieces of a playlist between the places where a token belongs. Finding them is the work: two hours of DVR have five thousand. */
const pieces = new WeakMap<Answer, readonly string[]>();

/** @param playlist not packed @returns the same for one caller, without validators: caches keep it by its URL */
export function answerWithToken(playlist: Answer, token: string): Answer {
  let cut = pieces.get(playlist);
  if (!cut) pieces.set(playlist, (cut = tokenPlaces(Buffer.concat(playlist.body).toString('utf8'))));
  const { etag: _etag, varyEncoding: _vary, ...rest } = playlist.parts;
  return new Answer({ ...rest, body: [Buffer.from(cut.join(encodeURIComponent(token)))] });
}

export function withToken(playlist: string, token: string): string {
  return tokenPlaces(playlist).join(encodeURIComponent(token));
}

/** Cut where the token is to stand; each piece but the last ends with `token=`. */
function tokenPlaces(playlist: string): string[] {
  const places: string[] = [];
  let piece = '';
  const add = (uri: string): void => {
    piece += uri;
    if (/[?&]token=/.test(uri)) return;
    places.push(`${piece}${uri.includes('?') ? '&' : '?'}token=`);
    piece = '';
  };
  for (const [index, line] of playlist.split('\n').entries()) {
    if (index > 0) piece += '\n';
    if (!line.startsWith('#')) {
      if (line.trim() === '') piece += line;
      else add(line.trimEnd());
      continue;
    }
    let from = 0;
    for (const match of line.matchAll(/[:,]URI="([^"]*)/g)) {
      const uri = match[1] ?? '';
      const to = match.index + match[0].length;
      piece += line.slice(from, to - uri.length);
      add(uri);
      from = to;
    }
    piece += line.slice(from);
  }
  return [...places, piece];
}
