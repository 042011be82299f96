import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { isName, type RecordingId, type RoomId } from '../../domain/ids.ts';
import type { Recording } from '../../domain/recording.ts';
import { requireRoom } from '../auth/authorise.ts';
import { coversRoom, type Claims } from '../auth/claims.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import { sendRecordedFile } from './recorded-file.ts';
import { fileName, recordingView } from './room-view.ts';
import * as shape from './schemas.ts';

export function recordingEndpoints({ state, recordings, files }: Services): Endpoint[] {
  const find = async (id: string | undefined, claims: Claims | undefined): Promise<Recording> => {
    const recording = isName(id) ? await state.recordings.get(id as RecordingId) : undefined;
    if (!recording) throw new AppError('recordingNotFound');
    requireRoom(claims, recording.room);
    return recording;
  };
  const one = { 200: { description: 'The recording', schema: shape.recording } };
  const verb = (name: 'pause' | 'resume' | 'stop', summary: string, run: (recording: Recording) => Promise<Recording>): Endpoint =>
    endpoint({
      method: 'post',
      path: `/api/recordings/{recording}/${name}`,
      tag: 'Recordings',
      summary,
      permission: 'changeRecordings',
      answers: one,
      problems: [404, 409, 503],
      handle: async ({ params, claims, res }) => {
        res.json(recordingView(await run(await find(params['recording'], claims))));
      },
    });

  return [
    endpoint({
      method: 'post',
      path: '/api/rooms/{room}/recordings',
      tag: 'Recordings',
      summary: 'Start a recording',
      permission: 'changeRecordings',
      body: { json: shape.recordingCreate, optional: true },
      answers: { 201: { description: 'The recording', schema: shape.recording, headers: { Location: 'Path of the recording' } } },
      problems: [404, 409, 503],
      handle: async ({ room: id, body, res }) => {
        const room = await findRoom(state, id, { ended: 'refuse' });
        const recording = await recordings.start(room, body.rendition, body.name);
        res.status(201).location(`/api/recordings/${recording.id}`).json(recordingView(recording));
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/recordings',
      tag: 'Recordings',
      summary: 'List recordings',
      permission: 'readRecordings',
      query: shape.byRoom,
      answers: { 200: { description: 'Newest first', schema: z.array(shape.recording) } },
      handle: async ({ query, claims, res }) => {
        if (query.room !== undefined) requireRoom(claims, query.room);
        const all = await state.recordings.list(query.room as RoomId | undefined);
        const visible = all.filter((r) => claims !== undefined && coversRoom(claims, r.room));
        res.json((await Promise.all(visible.map((r) => recordings.asNow(r)))).map(recordingView));
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/recordings/{recording}',
      tag: 'Recordings',
      summary: 'One recording',
      permission: 'readRecordings',
      answers: one,
      problems: [404],
      handle: async ({ params, claims, res }) => {
        res.json(recordingView(await recordings.asNow(await find(params['recording'], claims))));
      },
    }),
    verb('pause', 'Pause; the file goes on without the pause', (r) => recordings.pauseOrResume(r, 'pause')),
    verb('resume', 'Go on after a pause', (r) => recordings.pauseOrResume(r, 'resume')),
    verb('stop', 'Stop; the file is made ready then', (r) => recordings.stop(r)),
    endpoint({
      method: 'delete',
      path: '/api/recordings/{recording}',
      tag: 'Recordings',
      summary: 'Delete a recording and its files',
      description: 'Not while it is recording or being made ready: stop it and wait for complete or failed.',
      permission: 'changeRecordings',
      answers: { 204: { description: 'Deleted' } },
      problems: [404, 409],
      handle: async ({ params, claims, res }) => {
        const recording = await find(params['recording'], claims);
        if (recording.status !== 'complete' && recording.status !== 'failed')
          throw new AppError('wrongState', { detail: `The recording is ${recording.status}.`, retryAfterSeconds: 2 });
        await recordings.forgetAtOrigin(recording);
        await files.deletePrefix(`recordings/${recording.id}/`);
        await state.recordings.delete(recording.id);
        state.events.publish({ type: 'recordingChanged', room: recording.room, recording: recording.id });
        res.status(204).end();
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/recordings/{recording}/download',
      tag: 'Recordings',
      summary: 'Download the MP4',
      description: 'Takes Range requests, or redirects to a presigned URL of the object store. The token may stand in ?token=.',
      permission: 'downloadRecordings',
      query: z.object({ token: z.string().optional() }),
      answers: {
        200: { description: 'The file', contentType: 'video/mp4', headers: { 'Content-Disposition': 'A sensible file name' } },
        206: { description: 'The asked range', contentType: 'video/mp4' },
        302: { description: 'To the object store' },
      },
      problems: [404, 409, 416],
      handle: async ({ req, res, params, claims }) => {
        const recording = await find(params['recording'], claims);
        const file = recording.files.find((f) => f.kind === 'mp4');
        if (!file && recording.status !== 'failed') throw new AppError('wrongState', { detail: `The recording is ${recording.status}.`, retryAfterSeconds: 2 });
        if (!file) throw new AppError('notFound', { detail: 'The recording failed; there is no file.' });
        await sendRecordedFile(files, req, res, file, { as: `${recording.name}.mp4` });
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/recordings/{recording}/files/{file}',
      tag: 'Recordings',
      summary: 'One file of a recording',
      description: 'As named in files[].url. Takes Range requests; the token may stand in ?token=.',
      permission: 'downloadRecordings',
      query: z.object({ token: z.string().optional() }),
      answers: { 200: { description: 'The file', contentType: '*/*' }, 206: { description: 'The asked range', contentType: '*/*' }, 302: { description: 'To the object store' } },
      problems: [404, 416],
      handle: async ({ req, res, params, claims }) => {
        const recording = await find(params['recording'], claims);
        const file = recording.files.find((f) => fileName(f) === params['file']);
        if (!file) throw new AppError('notFound');
        await sendRecordedFile(files, req, res, file, {});
      },
    }),
  ];
}
