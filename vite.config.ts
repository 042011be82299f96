import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
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
    plugins: [react()],
    build: { outDir: '../dist/web', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 700 },
    server: { host: '127.0.0.1', proxy },
    preview: { host: '127.0.0.1', proxy },
  };
});
