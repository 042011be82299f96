/** From the list of endpoints to express routes: token, body, query, then the handler. */
import express, { Router, type Request, type Response } from 'express';
import type { z } from 'zod';
import type { Config } from '../../config/config.ts';
import { AppError } from '../../domain/errors.ts';
import { isName, type RoomId } from '../../domain/ids.ts';
import type { Authoriser } from '../auth/authorise.ts';
import { applyCors } from './cors.ts';
import { expressPath, type BodyKind, type Call, type Endpoint } from './endpoint.ts';

export interface RouterDependencies {
  config: Pick<Config, 'httpBodyLimitBytes' | 'publicUrl' | 'localMode'>;
  authoriser: Authoriser;
}

export function createRouter(endpoints: readonly Endpoint[], dependencies: RouterDependencies): Router {
  const router = Router({ caseSensitive: true, strict: false });
  const byPath = new Map<string, Endpoint[]>();
  for (const e of endpoints) byPath.set(e.path, [...(byPath.get(e.path) ?? []), e]);

  for (const [path, group] of byPath) {
    const route = router.route(expressPath(path));
    if (group.some((e) => e.cors)) route.all((req, res, next) => (applyCors(req, res, dependencies.config.localMode), next()));
    for (const e of group) route[e.method](runner(e, dependencies));
    const allow = allowedMethods(group);
    route.all((req, res) => {
      res.setHeader('Allow', allow);
      if (req.method === 'OPTIONS') res.status(204).end();
      else throw new AppError('methodNotAllowed', { detail: `Allowed here: ${allow}.` });
    });
  }
  return router;
}

function allowedMethods(group: readonly Endpoint[]): string {
  const methods = group.map((e) => e.method.toUpperCase());
  if (methods.includes('GET')) methods.push('HEAD');
  return [...new Set([...methods, 'OPTIONS'])].join(', ');
}

function runner(e: Endpoint, { config, authoriser }: RouterDependencies) {
  const readBody = e.body ? bodyReader(e.body, config.httpBodyLimitBytes) : undefined;
  return async (req: Request, res: Response): Promise<void> => {
    const params = pathValues(req);
    if (params['room'] !== undefined && !isName(params['room'])) throw new AppError('notFound', { detail: 'This cannot be the id of a room.' });
    const room = params['room'] as RoomId | undefined;
    const { token: queryToken } = req.query;
    const shown = { authorization: req.headers.authorization, queryToken: typeof queryToken === 'string' ? queryToken : undefined, pathToken: params['token'], room };
    const claims = e.permission === 'public' ? undefined : await authoriser.check(shown, e.permission);
    const call: Call = {
      req,
      res,
      params,
      claims,
      room: room as RoomId,
      baseUrl: config.publicUrl?.replace(/\/$/, '') ?? `${req.protocol}://${req.headers.host ?? 'localhost'}`,
      body: readBody ? await readBody(req, res) : undefined,
      query: e.query ? checked(e.query, req.query, '?') : undefined,
    };
    await e.handle(call as Call<never, never>);
  };
}

function pathValues(req: Request): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.params as Record<string, string | string[]>)) values[name] = Array.isArray(value) ? value.join('/') : value;
  return values;
}

function bodyReader<B>(kind: BodyKind<B>, commonLimitBytes: number): (req: Request, res: Response) => Promise<B> {
  const types: readonly string[] = 'text' in kind ? [kind.text] : 'file' in kind ? kind.file : ['application/json'];
  const limit = 'file' in kind ? kind.limitBytes : commonLimitBytes;
  const options = { type: [...types], limit };
  const parse = 'text' in kind ? express.text(options) : 'file' in kind ? express.raw({ ...options, inflate: false }) : express.json({ ...options, strict: true });
  return async (req, res) => {
    const given = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const empty = req.headers['content-length'] === '0' || (req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined);
    if ('json' in kind && kind.optional && empty) return checked(kind.json, {}, '');
    if (!types.includes(given)) throw new AppError('unsupportedMediaType', { detail: `The body must be ${types.join(' or ')}.` });
    // Before reading: the parser would take all of it to the end first.
    if ('file' in kind && Number(req.headers['content-length'] ?? 0) > limit) throw new AppError('bodyTooLarge', { detail: `At most ${limit} bytes.` });
    await new Promise<void>((resolve, reject) => {
      parse(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error as Error)));
    });
    const body: unknown = req.body;
    if ('json' in kind) return checked(kind.json, body, '');
    if ('file' in kind) return { contentType: given, bytes: Buffer.isBuffer(body) ? body : Buffer.alloc(0) } as B;
    return (typeof body === 'string' ? body : '') as B;
  };
}

/** @throws AppError validationFailed with a sentence per field */
function checked<T>(schema: z.ZodType<T>, value: unknown, root: string): T {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, root)).slice(0, 20);
  throw new AppError('validationFailed', { detail: problems.map((p) => `${p.pointer || 'body'}: ${p.detail}`).join('; '), problems });
}

function problemsOf(issue: z.core.$ZodIssue, root: string): { pointer: string; detail: string }[] {
  const at = root + issue.path.map(pointerPart).join('');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ pointer: at + pointerPart(key.slice(0, 64)), detail: 'is not known here' }));
  return [{ pointer: at, detail: issue.message }];
}

/** RFC 6901 section 3. */
function pointerPart(part: PropertyKey): string {
  return `/${String(part).replace(/~/g, '~0').replace(/\//g, '~1')}`;
}
