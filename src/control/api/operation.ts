import { z } from 'zod';
import type { NodeRecord } from '../../node-api/contract.ts';
import { readiness } from '../readiness.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import * as shape from './schemas.ts';

/** What the outside may see of a node: not where it listens. */
function nodeView({ id, machine, role, region, pid, startedAt, load, used, capacity, version }: NodeRecord): z.output<typeof shape.node> {
  return { id, machine, role, region, pid, startedAt, load, used, capacity, version };
}

export function operationEndpoints(services: Services): Endpoint[] {
  const { metrics, nodes } = services;
  const readyShape = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });
  return [
    endpoint({
      method: 'get',
      path: '/healthz',
      tag: 'Operation',
      summary: 'The process is up',
      permission: 'public',
      answers: { 200: { description: 'Up', schema: z.object({ status: z.literal('ok') }) } },
      handle: ({ res }) => void res.set('Cache-Control', 'no-store').json({ status: 'ok' }),
    }),
    endpoint({
      method: 'get',
      path: '/readyz',
      tag: 'Operation',
      summary: 'The service can take work',
      permission: 'public',
      answers: { 200: { description: 'Ready', schema: readyShape }, 503: { description: 'Not ready, with the reasons', schema: readyShape } },
      handle: async ({ res }) => {
        const reasons = await readiness(services);
        if (reasons.length > 0) res.status(503).set('Retry-After', '2');
        res.set('Cache-Control', 'no-store').json({ ready: reasons.length === 0, reasons });
      },
    }),
    endpoint({
      method: 'get',
      path: '/metrics',
      tag: 'Operation',
      summary: "Control's figures for Prometheus",
      permission: 'public',
      answers: { 200: { description: 'Prometheus text', contentType: 'text/plain' } },
      handle: async ({ res }) => void res.set('Content-Type', metrics.contentType).send(await metrics.metrics()),
    }),
    endpoint({
      method: 'get',
      path: '/api/nodes',
      tag: 'Operation',
      summary: 'Living role processes with load and capacity',
      permission: 'readNodes',
      answers: { 200: { description: 'Nodes by id', schema: z.array(shape.node) } },
      handle: async ({ res }) => void res.json((await nodes.list()).map(nodeView)),
    }),
  ];
}
