/** The one thing of the hot door that Node cannot do: a file's bytes into a socket without copying them (send-file.c). */
import { createRequire } from 'node:module';
import { sendFileLibrary } from '../../../config/paths.ts';

/**
 * @param socketFd of libuv, with nothing waiting to be written to it @param head goes out before the file's bytes
 * @returns how many bytes of head and file together the socket took; fewer than there are when it is full or broken
 */
export type SendFile = (socketFd: number, head: Buffer, fileFd: number, offset: number, length: number) => number;

/** @returns undefined when it was not built for this machine: then bodies are copied */
export function loadSendFile(library = sendFileLibrary): SendFile | undefined {
  try {
    return (createRequire(import.meta.url)(library) as { sendFile: SendFile }).sendFile;
  } catch {
    return undefined;
  }
}
