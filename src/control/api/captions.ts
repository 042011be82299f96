import { AppError } from '../../domain/errors.ts';
import { captionDurationMs } from '../../domain/caption-duration.ts';
import type { CaptionLine } from '../../domain/room.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import * as shape from './schemas.ts';

/** Live captions, line by line. */
export function captionEndpoints({ state, captionRate }: Services): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/api/rooms/{room}/captions',
      tag: 'Rooms',
      summary: 'Push a line of live captions',
      description:
        'Told at once to everybody in the room (Socket.IO caption), and drawn into the programme while the overlay captions is on. Nothing is kept. At most 10 lines a second per room, 20 at once.',
      permission: 'pushCaptions',
      body: { json: shape.caption, examples: shape.captionExamples },
      answers: { 204: { description: 'On its way' } },
      problems: [404, 409, 429],
      handle: async ({ room, body, res }) => {
        const waitMs = captionRate.take(room);
        if (waitMs > 0) throw new AppError('rateLimited', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
        await findRoom(state, room, { ended: 'refuse' });
        const { text, speaker, durationMs = captionDurationMs(text) } = body;
        const caption: CaptionLine = { text, ...(speaker === undefined ? {} : { speaker }), durationMs };
        state.events.publish({ type: 'caption', room, caption });
        res.status(204).end();
      },
    }),
  ];
}
