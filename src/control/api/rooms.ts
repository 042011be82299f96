import { randomBytes } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import type { Overlays, RoomDocument } from '../../domain/room.ts';
import { requireRoom } from '../auth/authorise.ts';
import { coversRoom } from '../auth/claims.ts';
import { overlayImages } from '../images/overlay-images.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import { readRoomView } from './room-view.ts';
import * as shape from './schemas.ts';
import { z } from 'zod';

/** Rooms, their layout and overlays. */
export function roomEndpoints({ state, ending, cachedRooms, changes, log }: Services): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/api/rooms',
      tag: 'Rooms',
      summary: 'Create a room',
      description: 'A host may create the room that its token is for; an operator any.',
      permission: 'createRoom',
      body: { json: shape.roomCreate, optional: true },
      answers: { 201: { description: 'The room', schema: shape.room, headers: { Location: 'Path of the room' } } },
      problems: [409],
      handle: async ({ body, claims, baseUrl, res }) => {
        const id = body.id ?? (claims && claims.room !== '*' ? claims.room : (`room-${randomBytes(5).toString('hex')}` as RoomId));
        requireRoom(claims, id);
        const room: RoomDocument = {
          id,
          name: body.name ?? id,
          createdAt: new Date().toISOString(),
          layout: body.layout,
          overlays: { labels: true },
          video: body.video,
          access: body.access,
          autoRecord: body.autoRecord,
          ...(body.region === undefined ? {} : { region: body.region }),
        };
        if (!(await state.rooms.create(room))) throw new AppError('roomExists');
        await ending.forgetBroadcast(id);
        changes.changed(id);
        res.status(201).location(`/api/rooms/${id}`).json(await readRoomView(state, room, baseUrl));
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/rooms',
      tag: 'Rooms',
      summary: 'List the rooms that the token covers',
      permission: 'listRooms',
      answers: { 200: { description: 'Rooms, oldest first', schema: z.array(shape.room) } },
      handle: async ({ claims, baseUrl, res }) => {
        const rooms = (await state.rooms.list()).filter((room) => claims !== undefined && coversRoom(claims, room.id));
        res.json(await Promise.all(rooms.map((room) => readRoomView(state, room, baseUrl))));
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/rooms/{room}',
      tag: 'Rooms',
      summary: 'One room',
      permission: 'readRoom',
      answers: { 200: { description: 'The room', schema: shape.room } },
      problems: [404],
      handle: async ({ room, baseUrl, res }) => {
        res.json(await readRoomView(state, await findRoom(state, room), baseUrl));
      },
    }),
    endpoint({
      method: 'delete',
      path: '/api/rooms/{room}',
      tag: 'Rooms',
      summary: 'End a room',
      description: 'Participants and viewers are disconnected, restreams stopped, recordings stopped and finalised. The recordings stay.',
      permission: 'deleteRoom',
      answers: { 204: { description: 'Ended; what could not be reached at once is ended as soon as it can' } },
      problems: [404],
      handle: async ({ room: id, res }) => {
        const room = await state.rooms.update(id, (r) => ({ ...r, endedAt: r.endedAt ?? new Date().toISOString() }));
        if (!room) throw new AppError('roomNotFound');
        changes.changed(id);
        await ending.run(room).catch((error: unknown) => log.warn({ err: error, room: id }, 'room could not be ended at once'));
        cachedRooms.forget(id);
        res.status(204).end();
      },
    }),
    endpoint({
      method: 'put',
      path: '/api/rooms/{room}/layout',
      tag: 'Rooms',
      summary: 'Choose the layout',
      description:
        'Takes effect within 500 ms, animated; the layout before is replaced as a whole. With the preset custom each region names a participant (who may come later: the region stays empty until then) or a slot, by fractions of the canvas. Regions may overlap: z decides which is in front.',
      permission: 'changeLayout',
      body: { json: shape.layoutChoice, examples: shape.layoutExamples },
      answers: { 200: { description: 'The layout as it is now', schema: shape.layoutChoice } },
      problems: [404, 409],
      handle: async ({ room: id, body, res }) => {
        res.json((await changes.change(id, (room) => ({ ...room, layout: body }))).layout);
      },
    }),
    endpoint({
      method: 'put',
      path: '/api/rooms/{room}/overlays',
      tag: 'Rooms',
      summary: 'Change overlays',
      description:
        'A partial update: an overlay that is absent stays as it is, null clears it, anything else replaces it as a whole. Pictures are uploaded before they are named (PUT /api/rooms/{room}/images/{name}); naming one that is not there is refused.',
      permission: 'changeOverlays',
      body: { json: shape.overlaysPatch, examples: shape.overlayExamples },
      answers: { 200: { description: 'All overlays as they are now', schema: shape.overlays } },
      problems: [404, 409],
      handle: async ({ room: id, body, res }) => {
        const room = await changes.change(id, (now) => {
          requireImages(now, body);
          return { ...now, overlays: applyOverlays(now.overlays, body) };
        });
        res.json(room.overlays);
      },
    }),
  ];
}

type OverlaysPatch = z.output<typeof shape.overlaysPatch>;

/** @throws AppError validationFailed for each picture that was not uploaded */
function requireImages(room: RoomDocument, patch: OverlaysPatch): void {
  const problems = overlayImages(patch)
    .filter(({ name }) => !room.images?.some((i) => i.name === name))
    .map(({ pointer, name }) => ({ pointer, detail: `no picture ${name} was uploaded to this room` }));
  if (problems.length > 0) throw new AppError('validationFailed', { detail: problems.map((p) => `${p.pointer}: ${p.detail}`).join('; '), problems });
}

function applyOverlays(before: Overlays, patch: OverlaysPatch): Overlays {
  const after: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete after[key];
    else after[key] = value;
  }
  return { ...after, labels: after['labels'] === true };
}
