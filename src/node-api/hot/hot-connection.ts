/** One client's connection while it asks for nothing but what is served in memory: request after request, one answer each. */
import type { Socket } from 'node:net';
import { callerAddress } from '../../network/caller-address.ts';
import type { Answer } from './answer.ts';
import { BodySlices } from './body-slices.ts';
import { conditional } from './conditional.ts';
import type { HotDesk, Waiting } from './hot-desk.ts';
import { HotRequestReader, MAX_HEAD_BYTES, type HotRequest } from './hot-request.ts';
import { withOwnReadBuffer } from './own-read-buffer.ts';
import type { Turns } from './turns.ts';
import { writeAll, writeAnswer, type FileSender } from './write-answer.ts';

export interface ConnectionHost {
  readonly desk: HotDesk;
  readonly prefix: string;
  tail(lines: string): Buffer;
  /** The connection goes on under node:http. @param bytes read from it already, beginning with a request @param plain whether later requests may be hot again */
  passOn(connection: HotConnection, socket: Socket, bytes: Buffer, plain: boolean): void;
  closed(connection: HotConnection): void;
  /** Of all its connections. */
  readonly turns: Turns;
  readonly ownReadBuffer: boolean;
  /** For all of a connection's answers. Undefined: everything is copied. */
  readonly sender: FileSender | undefined;
  /** Connections end behind the answer that is under way. */
  readonly closing: boolean;
}

/** What a client may send while an answer is on its way. */
const MAX_AHEAD_CHARACTERS = 16 * 1024;
const IDLE_MS = 75_000;
/** Also for the first request to begin. */
const HEAD_MS = 20_000;
/** Nothing of an answer taken for so long: a reader that does not read. */
const STILL_MS = 45_000;
/** What is copied into a socket in one piece: 0.2 ms. Segments of 700 KB for thousands who do not read them kept all others waiting. */
const SLICE_BYTES = 128 * 1024;
/** In {@link Turns}: copying 10 KB into a socket that nobody reads takes 20 µs, an answer to who was held 20 to 45. */
const SLICE_COST = SLICE_BYTES / 10_000;

/** Goes out by slices. */
interface LargeAnswer {
  slices: BodySlices;
  caller: string;
}

export class HotConnection {
  #socket: Socket;
  #rest = '';
  /** An answer is awaited, or not yet taken by the client. */
  #busy = false;
  #draining = false;
  #passed = false;
  #sinceMs: number;
  #asked = false;
  #large: LargeAnswer | undefined;
  /** The client sends nothing more, and gets the rest of its answer. */
  #ending = false;
  /** Bytes that the kernel had not taken at the last sweep. */
  #untaken = 0;
  #leave: (() => void) | undefined;
  readonly #reader: HotRequestReader;
  readonly #sender: FileSender | undefined;

  constructor(
    private readonly host: ConnectionHost,
    accepted: Socket,
    nowMs: number,
  ) {
    this.#socket = accepted;
    this.#sinceMs = nowMs;
    this.#reader = new HotRequestReader(host.prefix);
    this.#sender = host.sender;
    accepted.on('data', this.#onFirstBytes);
    this.#listen(accepted);
  }

  get held(): boolean {
    return this.#busy && !this.#draining && !this.#large;
  }

  /** Whether it has stood still for too long and is to be ended (RFC 9112 section 9.5). To be asked now and then. */
  isStale(nowMs: number): boolean {
    // The next move is ours.
    if (this.#busy && !this.#draining) return false;
    if (this.#draining) {
      const untaken = untakenBytes(this.#socket);
      if (untaken !== this.#untaken) this.#sinceMs = nowMs;
      this.#untaken = untaken;
    }
    const limitMs = this.#draining ? STILL_MS : this.#asked && this.#rest === '' ? IDLE_MS : HEAD_MS;
    return nowMs - this.#sinceMs > limitMs;
  }

  /** Between two answers at once, otherwise only when `hard`. */
  close(hard: boolean): void {
    if (hard || (!this.#busy && this.#rest === '')) this.#socket.destroy();
  }

  /** The first request decides: what is not for us gets the socket as it came from the server. */
  readonly #onFirstBytes = (bytes: Buffer): void => {
    const text = bytes.toString('latin1');
    const reading = this.#reader.read(text, 0);
    if (reading.kind === 'hot' && this.host.ownReadBuffer) {
      this.#unlisten();
      const own = withOwnReadBuffer(this.#socket, this.#onOwnBytes);
      if (own) this.#socket = own;
      else this.#socket.on('data', this.#onBytes);
      this.#listen(this.#socket);
    }
    this.#take(text);
  };

  readonly #onBytes = (bytes: Buffer): void => this.#take(bytes.toString('latin1'));

  readonly #onOwnBytes = (bytes: Buffer): boolean => {
    // After an upgrade under node:http bytes come this way again.
    if (this.#passed) return this.#socket.push(Buffer.from(bytes));
    this.#take(bytes.toString('latin1'));
    return true;
  };

  #listen(socket: Socket): void {
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
  }

  #unlisten(): void {
    const socket = this.#socket;
    socket.off('data', this.#onFirstBytes);
    socket.off('data', this.#onBytes);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.off('drain', this.#onDrain);
  }

  /** A client that ends its side is taken for gone, as node:http does. */
  readonly #onEnd = (): void => {
    if (this.#large) this.#ending = true;
    else if (this.#draining) this.#socket.end();
    else this.#socket.destroy();
  };
  readonly #onError = (): void => undefined;
  readonly #onClose = (): void => {
    this.#leave?.();
    this.#leave = undefined;
    this.host.closed(this);
  };
  readonly #onDrain = (): void => {
    if (!this.#draining) return;
    this.#draining = false;
    this.#sinceMs = Date.now();
    if (this.#large) return this.#continue(this.#large);
    this.#busy = false;
    this.#serve();
  };

  #take(text: string): void {
    // A head that comes drop by drop is as old as its first drop.
    if (this.#rest === '' && !this.#busy) this.#sinceMs = Date.now();
    this.#rest = this.#rest === '' ? text : this.#rest + text;
    if (this.#busy) {
      if (this.#rest.length > MAX_AHEAD_CHARACTERS) this.#socket.destroy();
      return;
    }
    this.#serve();
  }

  #serve(): void {
    let from = 0;
    const text = this.#rest;
    while (!this.#busy && from < text.length) {
      const reading = this.#reader.read(text, from);
      if (reading.kind === 'more') break;
      if (reading.kind === 'foreign') return this.#pass(text.slice(from), reading.elsewhere);
      const { request } = reading;
      this.#asked = true;
      const answer = this.host.desk.answer(request);
      if (answer === 'pass') return this.#pass(text.slice(from), true);
      if ('answer' in answer) this.#await(answer, request, text.slice(from, reading.next));
      else this.#send(answer, request, 0);
      from = reading.next;
    }
    this.#rest = from === 0 ? text : text.slice(from);
    // Never more than a head is kept: longer ones are foreign.
    if (this.#rest.length > MAX_HEAD_BYTES + MAX_AHEAD_CHARACTERS) this.#socket.destroy();
  }

  #await(waiting: Waiting, request: HotRequest, asked: string): void {
    this.#busy = true;
    this.#leave = waiting.leave;
    const sinceMs = performance.now();
    void waiting.answer.then((answer) => this.host.turns.take(this.#caller(request), () => this.#answered(answer, request, asked, sinceMs)));
  }

  /** Nobody in particular on a Unix socket. */
  #caller({ headers }: HotRequest): string {
    return callerAddress(this.#socket.remoteAddress ?? '', headers.forwardedFor);
  }

  #answered(answer: Answer | 'pass', request: HotRequest, asked: string, sinceMs: number): void {
    this.#leave = undefined;
    if (this.#socket.destroyed) return;
    this.#busy = false;
    this.#sinceMs = Date.now();
    if (answer === 'pass') return this.#pass(asked + this.#rest, true);
    this.#send(answer, request, performance.now() - sinceMs);
    if (!this.#busy && this.#rest !== '') this.#serve();
  }

  #send(whole: Answer, request: HotRequest, afterMs: number): void {
    const socket = this.#socket;
    const { headers } = request;
    const answer = headers.ifNoneMatch === undefined && headers.range === undefined ? whole : conditional(whole, headers);
    const tail = this.host.tail(this.host.desk.lines(request));
    this.host.desk.sent?.(answer.status, afterMs);
    if (this.#sender === undefined && answer.length > SLICE_BYTES && !request.head) {
      this.#busy = true;
      this.#large = { slices: new BodySlices([answer.head(tail), ...answer.body]), caller: this.#caller(request) };
      return this.#continue(this.#large);
    }
    const flushed = writeAnswer(socket, answer, tail, request.head, this.#sender);
    if (this.host.closing) socket.end();
    // Corked writes say what was before they went out.
    if (!flushed && socket.writableNeedDrain) {
      this.#busy = true;
      this.#draining = true;
      this.#sinceMs = Date.now();
    }
  }

  #continue({ slices, caller }: LargeAnswer): void {
    const write = (): void => {
      if (!this.#socket.destroyed) this.#wrote(writeAll(this.#socket, slices.next(SLICE_BYTES)));
    };
    this.host.turns.later(caller, write, SLICE_COST);
  }

  #wrote(flushed: boolean): void {
    const socket = this.#socket;
    this.#draining = !flushed && socket.writableNeedDrain;
    this.#sinceMs = Date.now();
    const large = this.#large;
    if (large && !large.slices.isEmpty) {
      if (!this.#draining) this.#continue(large);
      return;
    }
    this.#large = undefined;
    this.#busy = this.#draining;
    if (this.#ending || this.host.closing) socket.end();
    else if (!this.#busy && this.#rest !== '') this.#serve();
  }

  #pass(text: string, plain: boolean): void {
    this.#unlisten();
    this.#passed = true;
    this.#rest = '';
    this.host.passOn(this, this.#socket, Buffer.from(text, 'latin1'), plain);
  }
}

/** Written, and not yet taken by the kernel; `writableLength` does not move before the last byte of a write. */
function untakenBytes(socket: Socket): number {
  return (socket as unknown as { _handle: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}
