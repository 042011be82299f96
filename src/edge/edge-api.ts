/** The edge's part of the node API (contract.ts) and its metrics. */
import { Gauge, type Registry } from 'prom-client';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { NAME_PATTERN, type RoomId, type SessionId } from '../domain/ids.ts';
import { VIDEO_RENDITIONS } from '../domain/rendition.ts';
import type { NodeServer } from '../node-api/server.ts';
import type { EdgeService } from './edge-service.ts';

const renditions = z.enum(['auto', ...VIDEO_RENDITIONS, 'audio']);
const name = z.string().regex(NAME_PATTERN);
const whepOpen = z.object({ session: name, room: name, offer: z.string().min(1), rendition: renditions, audio: z.boolean() });
const sessionPatch = z.object({ fragment: z.string(), ifMatch: z.string() });
const renditionChange = z.object({ rendition: renditions });

export function edgeRoutes(server: NodeServer, service: EdgeService): void {
  server.post('/whep', async (request) => {
    const body = read(whepOpen, await request.json());
    return service.open({ ...body, room: body.room as RoomId, session: body.session as SessionId });
  });
  server.patch('/sessions/:id', async (request) => {
    const body = read(sessionPatch, await request.json());
    service.patch(request.params['id'] as SessionId, body);
  });
  server.delete('/sessions/:id', (request) => {
    service.end(request.params['id'] as SessionId);
  });
  server.post('/sessions/:id/rendition', async (request) => {
    const { rendition } = read(renditionChange, await request.json());
    service.setRendition(request.params['id'] as SessionId, rendition);
  });
}

export function edgeMetrics(registry: Registry, service: EdgeService): void {
  const gauge = (suffix: string, help: string, value: () => number): void => {
    new Gauge({
      name: `tessera_edge_${suffix}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  gauge('viewers', 'WHEP viewers now', () => service.viewers);
  gauge('viewers_opened_total', 'WHEP sessions answered', () => service.opened);
  gauge('floods_total', 'Viewers ended because they sent more messages than any player does', () => service.floods);
  gauge('displaced_total', 'Viewers that never connected and gave way to others when all places were taken', () => service.displaced);
  gauge('programmes', 'Rooms this edge subscribes to', () => service.programmes.length);
  gauge('packets_total', 'RTP packets sent, without those sent again', () => service.counters().packets);
  gauge('bytes_total', 'Bytes of those packets', () => service.counters().octets);
  gauge('nacked_total', 'Packets viewers asked for again', () => service.counters().nacked);
  gauge('resent_total', 'Packets sent again', () => service.counters().resent);
  gauge('not_resent_total', 'Packets asked for again that were gone or over the budget', () => service.counters().notResent);
  gauge('probe_bytes_total', 'Ballast sent to find out whether a viewer could have a better rendition', () => service.counters().probeOctets);
  gauge('probes_total', 'Probes for a better rendition', () => service.choices.probes);
  new Gauge({
    name: 'tessera_edge_switches_total',
    help: 'Changes of rendition chosen for viewers of auto, by what they got and why',
    labelNames: ['to', 'reason'],
    registers: [registry],
    collect() {
      for (const { to, reason, count } of service.choices.switches) this.set({ to, reason }, count);
    },
  });
  gauge('transport_refused_total', 'Packets the transport did not take', () => service.counters().refusedByTransport);
  gauge('keyframe_requests', 'Keyframe requests sent for the present programmes', () => service.programmes.reduce((n, p) => n + p.keyframeRequests, 0));
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new AppError('validationFailed', { problems: result.error.issues.map((issue) => ({ pointer: `/${issue.path.join('/')}`, detail: issue.message })) });
}
