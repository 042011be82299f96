/** The built pages: files as they are or packed, and index.html for every address that the pages' own router knows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler } from 'express';
import { packedAssets } from './packed-assets.ts';

const PAGES = /^\/(?:|(?:join|watch|embed|studio)\/[A-Za-z0-9_-]{1,64}|recordings|status)\/?$/;

/** Vite puts a hash of the content into the names below assets/. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export function pages(webDir: string): RequestHandler {
  const index = join(webDir, 'index.html');
  const files = express.static(webDir, {
    index: false,
    redirect: false,
    setHeaders: (res, path) => {
      res.setHeader('Cache-Control', path.startsWith(join(webDir, 'assets')) ? FOR_EVER : 'no-cache');
    },
  });
  const packed = packedAssets(webDir, FOR_EVER);
  return (req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      next();
      return;
    }
    if (!PAGES.test(req.path)) {
      packed(req, res, (error?: unknown) => (error === undefined ? files(req, res, next) : next(error)));
      return;
    }
    if (!existsSync(index)) {
      res.status(503).type('text/plain').send('The pages are not built. Run "npm run build" and reload; the API works meanwhile.\n');
      return;
    }
    res.sendFile(index, { headers: { 'Cache-Control': 'no-cache' } });
  };
}
