/**
 * An endpoint of the outer contract as one value: where it is, who may call it, what it takes and answers. The router and
 * the OpenAPI document are both made from the same list, so neither can know a route that the other does not.
 */
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { RoomId } from '../../domain/ids.ts';
import type { Claims } from '../auth/claims.ts';
import type { Permission } from '../auth/permissions.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options';

export interface Answer {
  description: string;
  /** JSON body; absent: none, or what `contentType` says. */
  schema?: z.ZodType;
  contentType?: string | readonly string[];
  /** Response headers worth telling: name → meaning. */
  headers?: Record<string, string>;
}

/**
 * How the body is read: JSON checked by a schema (`examples`: name → body, for the document), text of exactly one content type,
 * or a file of one of several, which has a limit of its own.
 */
export type BodyKind<B> =
  | { json: z.ZodType<B>; optional?: boolean; examples?: Readonly<Record<string, unknown>> }
  | { text: string; is?: B }
  | { file: readonly string[]; limitBytes: number; is?: B };

/** A body of the kind `file`. */
export interface UploadedFile<T extends string = string> {
  contentType: T;
  bytes: Buffer;
}

export function textBody(contentType: string): BodyKind<string> {
  return { text: contentType };
}

export function fileBody<T extends string>(contentTypes: readonly T[], limitBytes: number): BodyKind<UploadedFile<T>> {
  return { file: contentTypes, limitBytes };
}

export interface Call<B = unknown, Q = unknown> {
  req: Request;
  res: Response;
  params: Readonly<Record<string, string>>;
  body: B;
  query: Q;
  /** Absent on public endpoints and for anonymous viewers of an open room. */
  claims: Claims | undefined;
  /** The `{room}` of the path, checked against the token already. */
  room: RoomId;
  /** `http(s)://host` under which the caller reaches the service. */
  baseUrl: string;
}

export interface Endpoint {
  method: Method;
  /** OpenAPI style: `/api/rooms/{room}`; `{+name}` takes the rest of the path. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /** `public`: no token. Otherwise an entry of the permission table. */
  permission: Permission | 'public';
  body?: BodyKind<unknown>;
  query?: z.ZodType;
  answers: Record<number, Answer>;
  /** Codes beyond those every endpoint has; for the document. */
  problems?: readonly number[];
  /** POST, PATCH and DELETE of media sessions are rate limited (session-limit.ts). */
  limited?: boolean;
  /** Browsers of other origins may call it. */
  cors?: boolean;
  handle: (call: Call<never, never>) => Promise<void> | void;
}

interface TypedEndpoint<B, Q> extends Omit<Endpoint, 'body' | 'query' | 'handle'> {
  body?: BodyKind<B>;
  query?: z.ZodType<Q>;
  handle: (call: Call<B, Q>) => Promise<void> | void;
}

/** Ties the handler's types to the schemas beside it. */
export function endpoint<B = undefined, Q = unknown>(typed: TypedEndpoint<B, Q>): Endpoint {
  return typed as unknown as Endpoint;
}

/** `/api/rooms/{room}` → `/api/rooms/:room`, `{+file}` → `*file`. */
export function expressPath(path: string): string {
  return path.replace(/\{\+(\w+)\}/g, '*$1').replace(/\{(\w+)\}/g, ':$1');
}

export function openApiPath(path: string): string {
  return path.replace(/\{\+(\w+)\}/g, '{$1}');
}

export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{\+?(\w+)\}/g)].map((m) => m[1] as string);
}
