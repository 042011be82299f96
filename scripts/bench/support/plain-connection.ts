/** A keep-alive HTTP/1.1 client that costs as little as it can: as much as Content-Length allows is read, everything else is not understood. */
import { connect, type Socket, type TcpNetConnectOpts, type IpcNetConnectOpts } from 'node:net';

const HEADER_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** One answer. @param status 0: the connection ended before it was whole @param body empty unless it was asked for */
export type Answered = (status: number, body: string) => void;

export class PlainConnection {
  /** Still to come of the present answer's body; undefined between answers. */
  #left: number | undefined;
  #head: Buffer = NOTHING;
  #body: string | undefined;
  #status = 0;
  #done: Answered | undefined;
  #ended = false;
  bytes = 0;
  readonly #socket: Socket;

  constructor(to: TcpNetConnectOpts | IpcNetConnectOpts) {
    const ended = (): void => {
      this.#ended = true;
      this.#answer(0);
    };
    this.#socket = connect(to).setNoDelay(true).on('data', (chunk: Buffer) => this.#take(chunk)).on('error', ended).on('close', ended);
  }

  get ended(): boolean {
    return this.#ended;
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve);
      this.#socket.once('error', reject);
    });
  }

  /** One at a time. */
  ask(request: Buffer | string, done: Answered, wantsBody = false): void {
    this.#done = done;
    this.#body = wantsBody ? '' : undefined;
    if (this.#ended) this.#answer(0);
    else this.#socket.write(request);
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length;
    let body = chunk;
    if (this.#left === undefined) {
      const head = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk;
      const end = head.indexOf(HEADER_END);
      if (end < 0) {
        this.#head = head;
        return;
      }
      const text = head.toString('latin1', 0, end);
      this.#head = NOTHING;
      this.#status = Number(text.slice(9, 12));
      this.#left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      body = head.subarray(end + HEADER_END.length);
    }
    this.#left -= body.length;
    if (this.#body !== undefined) this.#body += body.toString('latin1');
    if (this.#left > 0) return;
    this.#left = undefined;
    this.#answer(this.#status);
  }

  #answer(status: number): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(status, this.#body ?? '');
  }
}
