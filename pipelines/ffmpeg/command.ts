/** A call of FFmpeg as data: built by the pure functions beside this file, run by run-command.ts. No shell is ever involved. */
export interface FfmpegCommand {
  input: string;
  inputOptions: string[];
  outputOptions: string[];
  output: string;
}

/** Said before every input: nothing from the terminal, and only what matters on stderr. */
export const QUIET = ['-hide_banner', '-nostdin', '-loglevel', 'warning', '-nostats'];
