import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { RateLimit } from '../auth/rate-limit.ts';
import { pointOf, SLOT_MS } from '../qoe/tally.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import * as shape from './qoe-schemas.ts';

/** Ten minutes. */
const SLOTS_SHOWN = 60;
/** One player: a report each 10 s, a few more when it changes its mode or goes. */
const PER_VIEWER = { perSecond: 0.5, burst: 6, maxCallers: 50_000 };
/** Many viewers share an address: 20 a second are two hundred players. */
const PER_ADDRESS = { perSecond: 20, burst: 400 };

/** How the programme reaches its viewers: what players tell, and what a player asks before it begins. */
export function qoeEndpoints({ state, cachedRooms, qoe, config }: Services): Endpoint[] {
  const perViewer = new RateLimit(PER_VIEWER);
  const perAddress = new RateLimit(PER_ADDRESS);
  const limit = (waitMs: number): void => {
    if (waitMs > 0) throw new AppError('rateLimited', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
  };
  return [
    endpoint({
      method: 'post',
      path: '/api/rooms/{room}/qoe',
      tag: 'Viewing',
      summary: 'A player tells how it goes',
      description:
        'Sent every 10 s and when the page goes (navigator.sendBeacon, with the token in ?token=). Figures are since the report before. Kept as counters in slots of 10 s for half an hour, without the ids of players; a player not heard of for 30 s is gone.',
      permission: 'reportViewing',
      body: { json: shape.viewerReport, examples: shape.viewerReportExamples },
      answers: { 200: { description: 'Taken', schema: shape.reportAnswer } },
      problems: [404, 429],
      handle: async ({ req, room, body, res }) => {
        limit(perAddress.take(req.ip ?? ''));
        limit(perViewer.take(`${room}/${body.viewer}`));
        if (!(await cachedRooms.get(room))) throw new AppError('roomNotFound');
        qoe.take(room, body);
        res.set('Cache-Control', 'no-store').json({ viewers: (await state.viewers.count(room)).total, unixMs: Date.now() });
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/rooms/{room}/qoe',
      tag: 'Viewing',
      summary: 'What players told in the last ten minutes',
      permission: 'readViewing',
      answers: { 200: { description: 'Slots, oldest first', schema: shape.viewing } },
      problems: [404],
      handle: async ({ room, res }) => {
        await findRoom(state, room);
        const last = Math.floor(Date.now() / SLOT_MS);
        const [viewers, slots] = await Promise.all([state.viewers.count(room), state.viewers.slots(room, last, SLOTS_SHOWN)]);
        res.set('Cache-Control', 'no-store').json({ viewers, slotMs: SLOT_MS, points: slots.map(({ slot, fields }) => pointOf(slot, fields)) });
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/rooms/{room}/player',
      tag: 'Viewing',
      summary: 'What a player needs to know before it begins',
      permission: 'watch',
      cors: true,
      answers: { 200: { description: 'How to play', schema: shape.playerStart } },
      problems: [404],
      handle: async ({ room: id, res }) => {
        const room = await cachedRooms.get(id);
        if (!room) throw new AppError('roomNotFound');
        const [mix, viewers] = await Promise.all([state.rooms.mix(id), state.viewers.count(id)]);
        const status = room.endedAt !== undefined ? 'ended' : mix.status === 'idle' ? 'idle' : 'live';
        const modes: ('webrtc' | 'hls')[] = viewers.webrtc < config.playerWebrtcViewers ? ['webrtc', 'hls'] : ['hls'];
        res.set('Cache-Control', 'no-store').json({ room: id, name: room.name, status, modes, viewers: viewers.total, video: { width: room.video.width, height: room.video.height }, unixMs: Date.now() });
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/time',
      tag: 'Viewing',
      summary: 'The service’s clock',
      description: 'Players measure the latency against it, not against the clock of their own machine.',
      permission: 'public',
      cors: true,
      answers: { 200: { description: 'Now', schema: z.object({ unixMs: z.number() }) } },
      handle: ({ res }) => void res.set('Cache-Control', 'no-store').json({ unixMs: Date.now() }),
    }),
  ];
}
