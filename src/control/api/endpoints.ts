import type { Services } from '../services.ts';
import type { Endpoint } from './endpoint.ts';
import { endpoint } from './endpoint.ts';
import { captionEndpoints } from './captions.ts';
import { hlsEndpoints } from './hls.ts';
import { imageEndpoints } from './images.ts';
import { openApiDocument } from './openapi.ts';
import { operationEndpoints } from './operation.ts';
import { qoeEndpoints } from './qoe.ts';
import { participantEndpoints } from './participants.ts';
import { recordingEndpoints } from './recordings.ts';
import { restreamEndpoints } from './restreams.ts';
import { roomEndpoints } from './rooms.ts';
import { tokenEndpoints } from './tokens.ts';
import { whepEndpoints } from './whep.ts';
import { whipEndpoints } from './whip.ts';

/** The whole outer contract, the document that describes it included. */
export function createEndpoints(services: Services, version: string): Endpoint[] {
  let document: Record<string, unknown> | undefined;
  const all: Endpoint[] = [
    ...roomEndpoints(services),
    ...imageEndpoints(services),
    ...captionEndpoints(services),
    ...tokenEndpoints(services),
    ...participantEndpoints(services),
    ...recordingEndpoints(services),
    ...restreamEndpoints(services),
    ...whipEndpoints(services),
    ...whepEndpoints(services),
    ...hlsEndpoints(services),
    ...qoeEndpoints(services),
    ...operationEndpoints(services),
    endpoint({
      method: 'get',
      path: '/api/openapi.json',
      tag: 'Operation',
      summary: 'This document',
      permission: 'public',
      answers: { 200: { description: 'OpenAPI 3.1', contentType: 'application/json' } },
      handle: ({ res }) => void res.json((document ??= openApiDocument(all, version))),
    }),
  ];
  return all;
}
