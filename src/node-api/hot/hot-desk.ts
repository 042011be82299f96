/** Who knows the answers: the rooms of an origin, or control's memory. */
import type { Answer } from './answer.ts';
import type { HotRequest } from './hot-request.ts';

/** An answer that is not there yet. */
export interface Waiting {
  /** Never rejects. `pass`: node:http is to answer. */
  answer: Promise<Answer | 'pass'>;
  /** The client has gone before the answer came. */
  leave?: () => void;
}

export interface HotDesk {
  /** Must not throw. `pass` leaves this request and the rest of the connection to node:http. */
  answer(request: HotRequest): Answer | Waiting | 'pass';
  /** Header lines of this connection's answers (CORS), with their line ends. */
  lines(request: HotRequest): string;
  /** An answer has been written. @param afterMs from the request, 0 when it was there at once */
  sent?(status: number, afterMs: number): void;
}
