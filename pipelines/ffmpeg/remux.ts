import { QUIET, type FfmpegCommand } from './command.ts';

/**
 * Fragmented MP4 → one MP4 with its index in front (players start before the end has arrived). Samples are copied.
 * Missing tracks are no error here: verification names them.
 */
export function remuxCommand(input: string, output: string): FfmpegCommand {
  return {
    input,
    inputOptions: [...QUIET, '-f', 'mp4'],
    outputOptions: ['-map', '0:v:0?', '-map', '0:a:0?', '-c', 'copy', '-map_metadata', '-1', '-movflags', '+faststart', '-f', 'mp4', '-y'],
    output,
  };
}
