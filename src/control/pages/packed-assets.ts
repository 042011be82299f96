/** What the pages' build packed, to whoever can unpack it: the join page is 100 kB instead of 300. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { RequestHandler } from 'express';

/** By preference, with the ending of the file beside the unpacked one. Browsers offer `br` over TLS and on localhost only. */
const PACKINGS = { br: '.br', gzip: '.gz' } as const;
const ASSET = /^\/assets\/[A-Za-z0-9_.-]+\.(?:js|css|svg)$/;

/** For requests that ask for assets; passes on what is not there packed. */
export function packedAssets(webDir: string, cacheControl: string): RequestHandler {
  const present = new Map<string, boolean>();
  const isThere = (file: string): boolean => {
    const known = present.get(file);
    if (known === true) return true;
    const found = existsSync(file);
    if (found) present.set(file, true); // names that exist are few, names that do not may be anything
    return found;
  };
  return (req, res, next) => {
    if (!ASSET.test(req.path)) return next();
    res.vary('Accept-Encoding');
    const accepted = req.acceptsEncodings(Object.keys(PACKINGS)) as string[] | string | false;
    const packing = (Array.isArray(accepted) ? accepted[0] : accepted) as keyof typeof PACKINGS | false | undefined;
    if (!packing) return next();
    const file = join(webDir, `${req.path}${PACKINGS[packing]}`);
    if (!isThere(file)) return next();
    res.type(extname(req.path));
    res.sendFile(file, { headers: { 'Content-Encoding': packing, 'Cache-Control': cacheControl } }, (error) => {
      if (error && !res.headersSent) next(error);
    });
  };
}
