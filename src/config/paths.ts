/** Places in the checkout, found from this file or from its bundle in dist/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json'))) {
    const parent = dirname(at);
    if (parent === at) throw new Error('package.json not found above this file');
    at = parent;
  }
  return at;
}

export const repoRoot: string = findRoot();
/** Our GStreamer plugin, built by pipelines/plugin/build.sh; goes into GST_PLUGIN_PATH. */
export const pluginDir: string = join(repoRoot, 'build', 'gst-plugins');
/** What sends files from the origin's hot door, built by src/node-api/hot/send-file/build.sh; everything works without it. */
export const sendFileLibrary: string = join(repoRoot, 'dist', 'native', 'send-file.node');
/** The pages, built by Vite. */
export const webDir: string = join(repoRoot, 'dist', 'web');
