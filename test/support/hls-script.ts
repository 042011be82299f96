/** hls.js as pages load it, with our answer to its faults as `avoidFaults`; both become globals of the page. */
import { build } from 'esbuild';

export async function hlsScript(): Promise<string> {
  const contents = `import Hls from 'hls.js'; import { avoidFaults } from './web/player/hls-faults.ts'; Object.assign(window, { Hls, avoidFaults });`;
  const { outputFiles } = await build({ stdin: { contents, resolveDir: '.', loader: 'ts' }, bundle: true, format: 'iife', target: 'es2022', minify: true, write: false });
  return outputFiles[0]?.text ?? '';
}
