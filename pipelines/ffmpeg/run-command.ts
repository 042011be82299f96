import ffmpeg from 'fluent-ffmpeg';
import type { Readable } from 'node:stream';
import type { FfmpegCommand } from './command.ts';

export interface RunOptions {
  /** FFmpeg is killed after this time. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Takes the place of the command's input, on stdin. */
  stdin?: Readable;
  /** Bytes FFmpeg has written to its output so far; with `-stats` in the command, about once a second. */
  onOutputBytes?: (bytes: number) => void;
}

/** Why FFmpeg ended badly: its last lines on stderr, for logs and reports; may hold file names but no URL of ours. */
export class FfmpegError extends Error {
  constructor(
    readonly reason: 'failed' | 'timeout' | 'aborted',
    readonly lines: string[],
  ) {
    super(lines.at(-1) ?? (reason === 'timeout' ? 'FFmpeg took too long.' : 'FFmpeg failed without a word.'));
    this.name = 'FfmpegError';
  }
}

const KEPT_LINES = 20;
const STATISTICS = /^(?:frame=.*)?L?size= *(\d+|N\/A)/;

/** Runs to the end. @returns FFmpeg's warnings @throws FfmpegError */
export function runCommand(command: FfmpegCommand, options: RunOptions = {}): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    let reason: FfmpegError['reason'] = 'failed';
    // spread, not an array: fluent-ffmpeg splits the members of a single array at spaces
    const process = ffmpeg(options.stdin ?? command.input, { stdoutLines: KEPT_LINES })
      .inputOptions(...(command.inputOptions as [string]))
      .outputOptions(...(command.outputOptions as [string]))
      .output(command.output);
    const stop = (why: FfmpegError['reason']) => (): void => {
      reason = why;
      process.kill('SIGKILL');
    };
    const onAbort = stop('aborted');
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(stop('timeout'), options.timeoutMs);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    process.on('stderr', (line: string) => {
      // read here, not by the 'progress' event: for that one fluent-ffmpeg first runs ffprobe, which eats a piped input
      const size = STATISTICS.exec(line)?.[1];
      if (size !== undefined) options.onOutputBytes?.((Number(size) || 0) * 1024);
      if (line.trim() === '' || size !== undefined) return;
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    });
    process.on('end', () => settle(() => resolve(lines)));
    process.on('error', (error: Error) => settle(() => reject(new FfmpegError(reason, lines.length > 0 ? lines : [error.message]))));
    if (options.signal?.aborted) {
      settle(() => reject(new FfmpegError('aborted', [])));
      return;
    }
    options.signal?.addEventListener('abort', onAbort, { once: true });
    // fluent-ffmpeg starts its child some ticks later; a kill before that would be lost
    process.on('start', () => {
      if (reason !== 'failed') process.kill('SIGKILL');
    });
    process.run();
  });
}

/** fluent-ffmpeg asks FFmpeg for its formats and encoders before its first command (two processes, 0.2 s or more under load); a worker does it at its start. */
export function warmFfmpeg(): Promise<void> {
  return new Promise((resolve) => {
    ffmpeg.getAvailableFormats(() => ffmpeg.getAvailableEncoders(() => resolve()));
  });
}
