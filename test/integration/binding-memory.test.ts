/** The binding kept every text it was given (scripts/patches): with pictures as texts that filled the memory of long meetings. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pluginDir, repoRoot } from '../../src/config/paths.ts';

/** 150 pictures of 416 × 234, 0.5 MB each as text: unpatched 78 MB more. Prints the growth in bytes. */
const PROGRAM = `
  const { Pipeline } = require('gstreamer-superficial');
  const canvas = new Pipeline('tesseracanvas name=canvas width=1280 height=720 frame-rate=30 ! fakesink').findChild('canvas');
  const text = '3 416 234 ' + Buffer.alloc(416 * 234 * 4, 128).toString('base64');
  const set = (times) => { for (let i = 0; i < times; i++) { canvas.still = text; canvas.stats; } return process.memoryUsage().rss; };
  const before = set(20);
  console.log(set(150) - before);
  process.exit(0);
`;

it('gives back the memory of texts that set properties', async () => {
  const { stdout } = await promisify(execFile)('timeout', ['-s', 'KILL', '20', process.execPath, '-e', PROGRAM], {
    cwd: repoRoot,
    env: { ...process.env, GST_PLUGIN_PATH: pluginDir },
  });
  expect(Number(stdout)).toBeLessThan(15_000_000);
});
