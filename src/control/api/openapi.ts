/** The OpenAPI 3.1 document, made from the same list of endpoints that the router serves. */
import { z } from 'zod';
import { PERMISSIONS } from '../auth/permissions.ts';
import { openApiPath, pathParameters, type Answer, type BodyKind, type Endpoint } from './endpoint.ts';
import * as viewing from './qoe-schemas.ts';
import * as shape from './schemas.ts';

const NAMED: [string, z.ZodType][] = [
  ['Room', shape.room],
  ['RoomCreate', shape.roomCreate],
  ['Layout', shape.layoutChoice],
  ['Overlays', shape.overlays],
  ['OverlaysPatch', shape.overlaysPatch],
  ['RoomImage', shape.roomImage],
  ['Caption', shape.caption],
  ['Participant', shape.participant],
  ['ParticipantPatch', shape.participantPatch],
  ['TokenRequest', shape.tokenRequest],
  ['Token', shape.tokenAnswer],
  ['Recording', shape.recording],
  ['RecordingCreate', shape.recordingCreate],
  ['Restream', shape.restream],
  ['RestreamCreate', shape.restreamCreate],
  ['RenditionChoice', shape.renditionChoice],
  ['ViewerReport', viewing.viewerReport],
  ['Viewing', viewing.viewing],
  ['PlayerStart', viewing.playerStart],
  ['Node', shape.node],
  ['Problem', shape.problem],
];

const PARAMETERS: Record<string, string> = {
  room: 'Id of the room',
  name: 'Name of the picture: letters, digits, _ and -, 1 to 64 of them',
  participant: "Identity of the participant: its token's sub",
  recording: 'Id of the recording',
  restream: 'Id of the restream',
  session: 'Id of the session, out of its Location',
  token: 'A token for the room',
  file: 'Path of the file',
};

/** Refusals that any endpoint with a token or a body can answer. */
const PROBLEMS: Record<number, string> = {
  400: 'The request is not valid',
  401: 'No valid token',
  403: 'The token does not allow this',
  404: 'Not there',
  409: 'Not possible in the present state',
  412: 'If-Match names an older ICE session',
  413: 'The body is too large',
  415: 'The content type is not accepted',
  416: 'The range lies outside the file',
  422: 'The offer or the picture cannot be accepted',
  428: 'If-Match is required',
  429: 'Too many requests; see Retry-After',
  503: 'Not available at the moment; see Retry-After',
};

const BINARY = { type: 'string', format: 'binary' };

export function openApiDocument(endpoints: readonly Endpoint[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const e of endpoints) {
    const path = openApiPath(e.path);
    (paths[path] ??= {})[e.method] = operation(e);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tessera',
      version,
      description: 'Many participants, one stream. Times are ISO 8601, durations milliseconds, bitrates bits per second. Errors are RFC 9457 problem documents with a stable code. Events come by Socket.IO at /socket.io.',
    },
    tags: [...new Set(endpoints.map((e) => e.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(NAMED.map(([name, schema]) => [name, jsonSchema(schema)])),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'HS256, iss = API key, aud = tessera, exp; claims room, role, sub, name' },
        queryToken: { type: 'apiKey', in: 'query', name: 'token', description: 'The same token, where no header can be sent' },
      },
    },
  };
}

function operation(e: Endpoint): Record<string, unknown> {
  const rule = e.permission === 'public' ? undefined : PERMISSIONS[e.permission];
  const roles = rule ? `Roles: ${rule.roles.join(', ')}${'open' in rule ? '; nobody needs a token in an open room' : ''}.` : '';
  const inPath = pathParameters(e.path);
  const problems = new Set([...(rule ? [401, 403] : []), ...(e.body ? [400, 413, 415] : []), ...(e.query ? [400] : []), ...(e.limited ? [429] : []), ...(e.problems ?? [])]);
  return {
    operationId: operationId(e),
    tags: [e.tag],
    summary: e.summary,
    ...(e.description || roles ? { description: [e.description, roles].filter(Boolean).join('\n\n') } : {}),
    security: rule ? [{ token: [] }, ...('queryToken' in rule ? [{ queryToken: [] }] : []), ...('open' in rule ? [{}] : [])] : [],
    parameters: [
      ...inPath.map((name) => ({ name, in: 'path', required: true, description: PARAMETERS[name] ?? name, schema: { type: 'string' } })),
      ...(e.query ? queryParameters(e.query) : []),
      ...(e.method === 'patch' && e.body && 'text' in e.body ? [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } }] : []),
    ],
    ...(e.body ? { requestBody: requestBody(e.body) } : {}),
    responses: {
      ...Object.fromEntries(Object.entries(e.answers).map(([status, answer]) => [status, response(answer)])),
      ...Object.fromEntries(
        [...problems]
          .sort()
          .filter((status) => !(status in e.answers))
          .map((status) => [status, { description: PROBLEMS[status] ?? 'Refused', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }]),
      ),
    },
  };
}

function requestBody(body: BodyKind<unknown>): Record<string, unknown> {
  if ('text' in body) return { required: true, content: { [body.text]: { schema: { type: 'string' } } } };
  if ('file' in body) return { required: true, description: `At most ${body.limitBytes} bytes.`, content: Object.fromEntries(body.file.map((type) => [type, { schema: BINARY }])) };
  const examples = body.examples && Object.fromEntries(Object.entries(body.examples).map(([name, value]) => [name, { value }]));
  return { required: !body.optional, content: { 'application/json': { schema: reference(body.json), ...(examples ? { examples } : {}) } } };
}

function operationId(e: Endpoint): string {
  const words = openApiPath(e.path)
    .replace(/^\/api/, '')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return e.method + words.map((w) => w[0]?.toUpperCase() + w.slice(1)).join('');
}

function response(answer: Answer): Record<string, unknown> {
  const content = answer.schema
    ? { 'application/json': { schema: reference(answer.schema) } }
    : typeof answer.contentType === 'string'
      ? { [answer.contentType]: { schema: { type: 'string' } } }
      : answer.contentType && Object.fromEntries(answer.contentType.map((type) => [type, { schema: BINARY }]));
  const headers = answer.headers && Object.fromEntries(Object.entries(answer.headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]));
  return { description: answer.description, ...(headers ? { headers } : {}), ...(content ? { content } : {}) };
}

function queryParameters(query: z.ZodType): Record<string, unknown>[] {
  const schema = jsonSchema(query) as { properties?: Record<string, { description?: string }>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    ...(property.description === undefined ? {} : { description: property.description }),
    schema: property,
  }));
}

function reference(schema: z.ZodType): Record<string, unknown> {
  const named = NAMED.find(([, s]) => s === schema);
  if (named) return { $ref: `#/components/schemas/${named[0]}` };
  if (schema instanceof z.ZodArray) return { type: 'array', items: reference(schema.element as z.ZodType) };
  return jsonSchema(schema);
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  return rest;
}
