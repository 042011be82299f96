/**
 * FFmpeg speaks RTMP to a port of ours on loopback, and we carry the bytes to the destination. So the connection goes to the
 * address that was checked, TLS is verified against the real name (FFmpeg 5.1 verifies nothing by default and sends no
 * server name for addresses), and what has really left is counted.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { AppError } from '../domain/errors.ts';

export interface RelayTarget {
  address: string;
  port: number;
  /** Set for TLS: the name the certificate must be for. */
  tlsName?: string | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;

export interface Relay {
  /** On 127.0.0.1; takes exactly one connection. */
  port: number;
  /** Bytes the kernel has taken for the destination. */
  bytesSent(): number;
  /** Resolves when either side has ended. */
  ended: Promise<void>;
  close(): void;
}

/** Connects to the destination first. @throws AppError destinationFailed in words */
export async function openRelay(target: RelayTarget, signal: AbortSignal): Promise<Relay> {
  const out = await connectOut(target, signal);
  const server = createServer({ pauseOnConnect: false });
  let inner: Socket | undefined;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const close = (): void => {
    server.close();
    inner?.destroy();
    out.destroy();
    end();
  };
  server.maxConnections = 1;
  server.once('connection', (socket) => {
    server.close();
    inner = socket;
    socket.setNoDelay(true);
    socket.on('error', close).on('close', () => {
      out.end(); // what is queued still leaves
      end();
    });
    socket.pipe(out);
    out.pipe(socket);
  });
  out.on('error', close).on('close', close);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
  } catch (error) {
    close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return { port, bytesSent: () => Math.max(0, out.bytesWritten - out.writableLength), ended, close };
}

function connectOut(target: RelayTarget, signal: AbortSignal): Promise<Socket | TLSSocket> {
  return new Promise((resolve, reject) => {
    const { address: host, port, tlsName } = target;
    const secure = tlsName !== undefined;
    const socket = secure ? connectTls({ host, port, servername: tlsName }) : connect({ host, port });
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      if (!error) {
        socket.setNoDelay(true);
        socket.setKeepAlive(true, 10_000);
        resolve(socket);
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onError = (cause: NodeJS.ErrnoException): void => settle(new AppError('destinationFailed', { detail: connectSentence(cause), cause }));
    const onAbort = (): void => settle(new AppError('destinationFailed', { detail: 'The restream was stopped.' }));
    const timer = setTimeout(() => settle(new AppError('destinationFailed', { detail: 'The destination did not answer in time.' })), CONNECT_TIMEOUT_MS);
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once(secure ? 'secureConnect' : 'connect', () => settle());
  });
}

function connectSentence(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'The destination refuses connections.';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return 'The destination cannot be reached.';
    case 'ETIMEDOUT':
      return 'The destination did not answer in time.';
    case 'ECONNRESET':
      return 'The destination ended the connection.';
    default:
      return /CERT|TLS|SSL/.test(`${error.code ?? ''} ${error.message}`) ? "The destination's certificate is not valid." : 'The connection to the destination failed.';
  }
}
