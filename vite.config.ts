import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { loadConfig } from './src/config/config.ts';

/** The pages: `npx vite build` writes them to dist/web, which control serves; `npx vite` is for working on them, with a service running. */
export default defineConfig(() => {
  const target = `http://127.0.0.1:${loadConfig().httpPort}`;
  const proxy = {
    '/api': target,
    '/hls': target,
    '/whip': target,
    '/whep': target,
    '/socket.io': { target, ws: true },
  };
  return {
    root: 'web',
    plugins: [react(), packed()],
    build: { outDir: '../dist/web', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 700 },
    server: { host: '127.0.0.1', proxy },
    preview: { host: '127.0.0.1', proxy },
  };
});

/** Text assets also packed, beside the plain ones: whoever joins over a narrow link waits a third of the time. */
function packed(): Plugin {
  return {
    name: 'packed-assets',
    apply: 'build',
    // from the disk: Vite still changes the code after the other plugins' last look at it
    writeBundle({ dir = '' }, bundle) {
      for (const fileName of Object.keys(bundle)) {
        if (!/^assets\/.*\.(js|css|svg)$/.test(fileName)) continue;
        const path = join(dir, fileName);
        const plain = readFileSync(path);
        const packings = { '.br': brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }), '.gz': gzipSync(plain, { level: 9 }) };
        for (const [ending, smaller] of Object.entries(packings)) if (smaller.length < plain.length) writeFileSync(path + ending, smaller);
      }
    },
  };
}
