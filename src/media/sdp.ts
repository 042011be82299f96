/**
 * SDP as lines grouped by media section (RFC 8866 §5): enough to check an offer and to change single lines of it,
 * with everything else kept byte for byte.
 */
export interface SdpMedia {
  kind: string;
  port: number;
  protocol: string;
  /** Payload types, in order of preference. */
  formats: string[];
  /** Lines after the m-line. */
  lines: string[];
}

export interface SdpDocument {
  /** Lines before the first m-line. */
  session: string[];
  media: SdpMedia[];
}

export class SdpSyntaxError extends Error {}

const MAX_LINES = 4000;
const MAX_LINE_CHARACTERS = 4096;

/** @throws SdpSyntaxError with a sentence for the caller */
export function parseSdp(text: string): SdpDocument {
  const lines = text.split(/\r\n|\n/);
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop();
  if (lines.length > MAX_LINES) throw new SdpSyntaxError('The SDP has too many lines.');
  if (lines[0] !== 'v=0') throw new SdpSyntaxError('The SDP does not begin with v=0.');
  const document: SdpDocument = { session: [], media: [] };
  let media: SdpMedia | undefined;
  for (const [i, line] of lines.entries()) {
    // eslint-style control-character range on purpose: a NUL or CR inside a line would reach the native parser
    if (line.length > MAX_LINE_CHARACTERS || !/^[a-z]=[^\0\r\n]*$/.test(line)) throw new SdpSyntaxError(`Line ${i + 1} of the SDP cannot be read.`);
    if (line.startsWith('m=')) {
      media = parseMediaLine(line, i + 1);
      document.media.push(media);
    } else (media?.lines ?? document.session).push(line);
  }
  for (const needed of ['o=', 's=', 't='])
    if (!document.session.some((line) => line.startsWith(needed))) throw new SdpSyntaxError(`The SDP has no ${needed} line.`);
  return document;
}

function parseMediaLine(line: string, number: number): SdpMedia {
  const match = /^m=([A-Za-z0-9-]+) (\d{1,5})(?:\/\d+)? (\S+)((?: \S+)+)$/.exec(line);
  if (!match || Number(match[2]) > 65535) throw new SdpSyntaxError(`Line ${number} of the SDP is not a media line.`);
  return { kind: match[1] as string, port: Number(match[2]), protocol: match[3] as string, formats: (match[4] as string).trim().split(' '), lines: [] };
}

export function formatSdp(document: SdpDocument): string {
  const lines = [...document.session];
  for (const media of document.media) lines.push(`m=${media.kind} ${media.port} ${media.protocol} ${media.formats.join(' ')}`, ...media.lines);
  return `${lines.join('\r\n')}\r\n`;
}

/** Values of `a=name:value` lines; '' for a bare `a=name`. */
export function attributes(lines: readonly string[], name: string): string[] {
  const bare = `a=${name}`;
  const prefix = `${bare}:`;
  const found: string[] = [];
  for (const line of lines) {
    if (line === bare) found.push('');
    else if (line.startsWith(prefix)) found.push(line.slice(prefix.length));
  }
  return found;
}

/** An attribute of a media section, or of the session where the section has none (RFC 8839 §4, RFC 8122 §5 allow both places). */
export function inherited(document: SdpDocument, media: SdpMedia, name: string): string | undefined {
  return attributes(media.lines, name)[0] ?? attributes(document.session, name)[0];
}

/** Payload type → upper-case codec name. */
export function codecNames(media: SdpMedia): Map<string, string> {
  const names = new Map<string, string>([
    ['0', 'PCMU'], // static payload types need no rtpmap (RFC 3551 §6)
    ['8', 'PCMA'],
    ['9', 'G722'],
  ]);
  for (const value of attributes(media.lines, 'rtpmap')) {
    const match = /^(\d+) ([^/\s]+)\//.exec(value);
    if (match) names.set(match[1] as string, (match[2] as string).toUpperCase());
  }
  return names;
}
