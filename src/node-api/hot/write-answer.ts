/** Puts an answer into a socket: large bodies that lie in a file by sendfile(2), everything else by copying it. */
import type { Socket } from 'node:net';
import type { Answer } from './answer.ts';
import type { OpenFiles } from './send-file/open-files.ts';
import type { SendFile } from './send-file/send-file.ts';

export interface FileSender {
  readonly send: SendFile;
  readonly files: OpenFiles;
}

/**
 * @param tail header lines of the connection
 * @param sender undefined: never by sendfile
 * @returns as `socket.write`: false when `drain` is to be awaited
 */
export function writeAnswer(socket: Socket, answer: Answer, tail: Buffer, headOnly: boolean, sender: FileSender | undefined): boolean {
  const joined = headOnly ? answer.head(tail) : answer.joined(tail);
  if (joined) return socket.write(joined);
  const sent = sender ? fromFile(socket, answer, tail, sender) : 0;
  const head = answer.head(tail);
  if (sent === head.length + answer.length) return true;
  let left = sent;
  const rest: Buffer[] = [];
  for (const buffer of [head, ...answer.body]) {
    if (left < buffer.length) rest.push(left === 0 ? buffer : buffer.subarray(left));
    left = Math.max(0, left - buffer.length);
  }
  return writeAll(socket, rest);
}

/** @returns as `socket.write` */
export function writeAll(socket: Socket, buffers: readonly Buffer[]): boolean {
  socket.cork();
  let flushed = true;
  for (const buffer of buffers) flushed = socket.write(buffer);
  socket.uncork();
  return flushed;
}

/** @returns how many bytes of head and body the socket took. What it did not take, and any error, is for `socket.write`. */
function fromFile(socket: Socket, answer: Answer, tail: Buffer, { send, files }: FileSender): number {
  // What waits in the stream goes out first.
  if (socket.writableLength > 0) return 0;
  const place = answer.placeInFile();
  const socketFd = place ? descriptor(socket) : -1;
  if (!place || socketFd < 0) return 0;
  const fd = files.descriptor(place.path);
  if (fd === undefined) return 0;
  return send(socketFd, answer.head(tail), fd, place.offset, answer.length);
}

/** −1 once the socket is closed. */
function descriptor(socket: Socket): number {
  return (socket as unknown as { _handle: { fd?: number } | null })._handle?.fd ?? -1;
}
