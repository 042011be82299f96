import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { isName } from '../../domain/ids.ts';
import { ROOM_IMAGE_LIMITS, ROOM_IMAGE_TYPES, roomImageKey } from '../../domain/room-image.ts';
import type { RoomDocument, RoomImage } from '../../domain/room.ts';
import type { Services } from '../services.ts';
import { endpoint, fileBody, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import * as shape from './schemas.ts';
import type { RoomImageView } from './views.ts';

/** Pictures for overlays. */
export function imageEndpoints({ state, files, images }: Services): Endpoint[] {
  const view = (room: RoomDocument, image: RoomImage): RoomImageView => ({ ...withoutUpload(image), url: `/api/rooms/${room.id}/images/${image.name}` });
  const shared = { tag: 'Images', path: '/api/rooms/{room}/images/{name}' } as const;

  return [
    endpoint({
      ...shared,
      method: 'put',
      summary: 'Upload a picture for overlays, or replace one',
      description: `PNG, JPEG or WebP, not animated, at most ${ROOM_IMAGE_LIMITS.bytes / 1024 ** 2} MiB and ${ROOM_IMAGE_LIMITS.sidePixels} pixels a side; at most ${ROOM_IMAGE_LIMITS.perRoom} pictures in a room. It is decoded before it is taken. Overlays that show a replaced picture show the new one. The pictures go with the room.`,
      permission: 'changeImages',
      body: fileBody(ROOM_IMAGE_TYPES, ROOM_IMAGE_LIMITS.bytes),
      answers: {
        201: { description: 'Added', schema: shape.roomImage, headers: { Location: 'Path of the picture' } },
        200: { description: 'Replaced', schema: shape.roomImage },
      },
      problems: [404, 409, 422, 503],
      handle: async ({ room: id, params, body, res }) => {
        const name = params['name'];
        if (!isName(name)) throw new AppError('badRequest', { detail: 'This cannot be the name of a picture: letters, digits, _ and -, 1 to 64 of them.' });
        const room = await findRoom(state, id, { ended: 'refuse' });
        const { image, created } = await images.put(room, name, body.contentType, body.bytes);
        const shown = view(room, image);
        if (created) res.status(201).location(shown.url);
        res.json(shown);
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/rooms/{room}/images',
      tag: 'Images',
      summary: 'The pictures of a room',
      permission: 'readImages',
      answers: { 200: { description: 'By name', schema: z.array(shape.roomImage) } },
      problems: [404],
      handle: async ({ room: id, res }) => {
        const room = await findRoom(state, id);
        res.json((room.images ?? []).map((image) => view(room, image)));
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      summary: 'The picture itself',
      description: 'For elements that cannot send a header the token may stand in ?token=.',
      permission: 'readImages',
      answers: { 200: { description: 'The file as it was uploaded', contentType: ROOM_IMAGE_TYPES, headers: { ETag: 'Of its content' } }, 304: { description: 'Not changed' } },
      problems: [404, 503],
      handle: async ({ req, res, room: id, params }) => {
        const image = (await findRoom(state, id)).images?.find((i) => i.name === params['name']);
        if (!image) throw new AppError('imageNotFound');
        const etag = `"${image.sha256}"`;
        // Whatever a browser makes of it, it is no page (its type is one of three, and not guessed: nosniff).
        res.set({ ETag: etag, 'Cache-Control': 'private, no-cache', 'Content-Security-Policy': "default-src 'none'; sandbox" });
        if (req.headers['if-none-match'] === etag) {
          res.status(304).end();
          return;
        }
        const read = await files.get(roomImageKey(id, image));
        if (!read) throw new AppError('imageNotFound', { detail: 'The picture is missing in the object store.' });
        res.set({ 'Content-Type': image.contentType, 'Content-Length': String(read.bytes) });
        if (req.method === 'HEAD') {
          read.stream.destroy();
          res.end();
          return;
        }
        await pipeline(read.stream, res).catch(() => res.destroy()); // the caller or the store went away in the middle
      },
    }),
    endpoint({
      ...shared,
      method: 'delete',
      summary: 'Delete a picture',
      description: '409 while an overlay shows it: clear the overlay first.',
      permission: 'changeImages',
      answers: { 204: { description: 'Deleted' } },
      problems: [404, 409],
      handle: async ({ room, params, res }) => {
        await images.delete(room, params['name'] ?? '');
        res.status(204).end();
      },
    }),
  ];
}

function withoutUpload({ upload: _, ...image }: RoomImage): Omit<RoomImage, 'upload'> {
  return image;
}
