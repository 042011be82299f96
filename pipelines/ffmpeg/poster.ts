import { QUIET, type FfmpegCommand } from './command.ts';

/** Share of pixels below luma 32, in percent, from which a picture counts as black. */
const BLACK_PERCENT = 98;

/**
 * One JPEG, at most 1280 wide: the first keyframe at or after `atMs` that is not black; with `anyPicture` the first at all
 * (a recording may be black from end to end). Only keyframes are decoded, and at most a minute of them.
 */
export function posterCommand(input: string, output: string, atMs: number, anyPicture: boolean): FfmpegCommand {
  const choose = anyPicture ? [] : ['blackframe=amount=0:threshold=32', `metadata=select:key=lavfi.blackframe.pblack:value=${BLACK_PERCENT}:function=less`];
  return {
    input,
    inputOptions: [...QUIET, '-skip_frame', 'nokey', '-ss', (atMs / 1000).toFixed(3), '-t', '60'],
    outputOptions: ['-map', '0:v:0', '-vf', [...choose, "scale='min(1280,iw)':-2"].join(','), '-frames:v', '1', '-q:v', '3', '-f', 'image2', '-update', '1', '-y'],
    output,
  };
}
