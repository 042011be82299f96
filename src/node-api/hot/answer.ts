/**
 * A whole HTTP answer in memory, shared by everybody who asks for the same thing: its header block is written once a second
 * (Date), its body never copied. `hot-connection.ts` writes it to a socket as it is, `send-answer.ts` through node:http.
 */

export interface AnswerParts {
  status: number;
  contentType: string;
  cacheControl: string;
  /** Quoted, strong. */
  etag?: string;
  encoding?: 'gzip';
  /** The body depends on Accept-Encoding. */
  varyEncoding?: boolean;
  /** Parts of the body may be asked for. */
  ranges?: boolean;
  /** Of a 206 or 416. */
  contentRange?: string;
  retryAfterSeconds?: number;
  body: readonly Buffer[];
  /** Where the whole body lies in one file, once it does. Those bytes must stay as they are for as long as the answer lives. */
  file?: () => FilePlace | undefined;
}

export interface FilePlace {
  path: string;
  /** Of the body's first byte. */
  offset: number;
}

/** Up to here one buffer with head and body is written instead of two: 60 KB are not worth a copy, 3 KB are. */
const JOINED_BYTES = 16 * 1024;
/** From here on sendfile(2) is worth a system call more than copying takes. */
const FILE_BYTES = 32 * 1024;

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK', 204: 'No Content', 206: 'Partial Content', 304: 'Not Modified', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
  405: 'Method Not Allowed', 416: 'Range Not Satisfiable', 500: 'Internal Server Error', 503: 'Service Unavailable', 504: 'Gateway Timeout',
};

export class Answer {
  readonly length: number;
  readonly #head: string;
  #tail: Buffer | undefined;
  #headed: Buffer | undefined;
  #joined: Buffer | undefined;
  #asked = false;
  #place: FilePlace | undefined;

  constructor(readonly parts: AnswerParts) {
    this.length = parts.body.reduce((sum, b) => sum + b.length, 0);
    this.#head = headText(parts.status, this.headers());
  }

  get status(): number {
    return this.parts.status;
  }
  get body(): readonly Buffer[] {
    return this.parts.body;
  }

  /** Everything but what belongs to the connection (Date, CORS). Values come from us: no line breaks in them. */
  headers(): [string, string][] {
    const { status, contentType, cacheControl, etag, encoding, varyEncoding, ranges, contentRange, retryAfterSeconds } = this.parts;
    // A 304 has no body to describe (RFC 9110 section 15.4.5).
    const list: [string, string][] = status === 304 ? [] : [['Content-Type', contentType]];
    list.push(['Cache-Control', cacheControl]);
    if (etag !== undefined) list.push(['ETag', etag]);
    if (encoding !== undefined && status !== 304) list.push(['Content-Encoding', encoding]);
    if (varyEncoding === true) list.push(['Vary', 'Accept-Encoding']);
    if (ranges === true) list.push(['Accept-Ranges', 'bytes']);
    if (contentRange !== undefined) list.push(['Content-Range', contentRange]);
    if (retryAfterSeconds !== undefined) list.push(['Retry-After', String(retryAfterSeconds)]);
    if (status !== 304 && status !== 204) list.push(['Content-Length', String(this.length)]);
    return list;
  }

  /** Header block alone. @param tail header lines of the connection, with the empty line that ends the block */
  head(tail: Buffer): Buffer {
    this.#refresh(tail);
    return (this.#headed ??= Buffer.concat([Buffer.from(this.#head, 'latin1'), tail]));
  }

  /** Head and body in one buffer when they are small, undefined otherwise. */
  joined(tail: Buffer): Buffer | undefined {
    if (this.length > JOINED_BYTES) return undefined;
    this.#refresh(tail);
    return (this.#joined ??= Buffer.concat([this.head(tail), ...this.parts.body]));
  }

  /** To be asked once for each sending of the whole body. The first one never gets a place: opening a file costs as much as copying. */
  placeInFile(): FilePlace | undefined {
    if (this.length < FILE_BYTES || this.parts.file === undefined) return undefined;
    if (this.#asked) return (this.#place ??= this.parts.file());
    this.#asked = true;
    return undefined;
  }

  #refresh(tail: Buffer): void {
    if (tail === this.#tail) return;
    this.#tail = tail;
    this.#headed = undefined;
    this.#joined = undefined;
  }
}

function headText(status: number, headers: readonly (readonly [string, string])[]): string {
  return `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
}
