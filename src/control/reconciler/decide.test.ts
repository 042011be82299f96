import { describe, expect, it } from 'vitest';
import type { NodeId, ParticipantId } from '../../domain/ids.ts';
import type { MixState, Participant, RoomDocument } from '../../domain/room.ts';
import type { NodeRecord } from '../../node-api/contract.ts';
import type { SessionRecord } from '../../state/session-store.ts';
import { decideRoom, staleParticipants, staleSessions, type RoomFacts } from './decide.ts';

const NOW = Date.parse('2030-01-01T12:00:00Z');
const ago = (ms: number): string => new Date(NOW - ms).toISOString();
const room = { id: 'r', autoRecord: false, node: 'm-ingest', overlays: { labels: true } } as RoomDocument;
const slate = (inMs?: number): Partial<RoomFacts> => ({ room: { ...room, overlays: { labels: true, slate: { text: 'Soon', ...(inMs === undefined ? {} : { until: ago(-inMs) }) } } } });
const idle: MixState = { status: 'idle', epoch: 0, since: ago(1e6) };
const running: MixState = { status: 'running', epoch: 1, since: ago(1e6) };
const anna = { id: 'anna', joinedAt: ago(5000), publications: [{ source: 'camera' }] } as unknown as Participant;
const listener = { ...anna, id: 'ben' as ParticipantId, publications: [] };

function decide(change: Partial<RoomFacts>): string[] {
  return decideRoom({ room, mix: idle, mixWanted: false, participants: [], recordings: [], emptySinceMs: undefined, autoRecorded: false, ...change }, NOW, 60_000);
}

describe('what a room needs', () => {
  it.each<[string, Partial<RoomFacts>, string[]]>([
    ['nothing while nobody was there', {}, []],
    ['nothing for people who publish nothing', { participants: [listener] }, []],
    ['a mix for a publisher', { participants: [anna] }, ['wantMix']],
    ['its mix while the publisher is on the way', { mixWanted: true }, ['wantMix']],
    ['its mix until the idle time is over', { mixWanted: true, mix: running, emptySinceMs: NOW - 59_999 }, ['wantMix']],
    ['an end then', { mixWanted: true, mix: running, emptySinceMs: NOW - 60_000 }, ['endMix']],
    ['its end before all', { room: { ...room, endedAt: ago(1) }, participants: [anna] }, ['endRoom']],
    ['a recording when asked for', { room: { ...room, autoRecord: true }, participants: [anna], mix: running }, ['wantMix', 'startRecording']],
    ['none before the mix runs', { room: { ...room, autoRecord: true }, participants: [anna], mix: { ...running, status: 'starting' } }, ['wantMix']],
    ['no second one', { room: { ...room, autoRecord: true }, participants: [anna], mix: running, recordings: [{ status: 'paused' } as never] }, ['wantMix']],
    ['no other after one was stopped', { room: { ...room, autoRecord: true }, participants: [anna], mix: running, autoRecorded: true }, ['wantMix']],
    ['a mix for a countdown, from an hour before', slate(3_600_000), ['wantMix']],
    ['none earlier', slate(3_600_001), []],
    ['its mix for who is late for the start', { ...slate(-59_999), mixWanted: true, mix: running, emptySinceMs: NOW - 600_000 }, ['wantMix']],
    ['an end when nobody comes', { ...slate(-60_000), mixWanted: true, mix: running, emptySinceMs: NOW - 600_000 }, ['endMix']],
    ['none for a slate without an hour', slate(), []],
    ['no recording of a countdown', { room: { ...(slate(1000).room as RoomDocument), autoRecord: true }, mix: running, mixWanted: true }, ['wantMix']],
    ['an honest state when its worker died', { mix: running }, ['resetMix']],
    ['a moment for its worker to say so', { mix: { ...running, since: ago(1000) } }, []],
  ])('%s', (_what, facts, actions) => {
    expect(decide(facts)).toEqual(actions);
  });
});

describe('what is stale', () => {
  const node = { id: 'm-ingest', startedAt: ago(10_000) } as NodeRecord;
  const session = (createdMsAgo: number, nodeId = 'm-ingest', identity = 'anna'): SessionRecord =>
    ({ id: `s${createdMsAgo}`, kind: 'whip', identity, nodeId, createdAt: ago(createdMsAgo) }) as SessionRecord;

  it('sessions of processes that are gone or were started since', () => {
    const sessions = [session(1000), session(20_000), session(1000, 'gone')];

    expect(staleSessions(sessions, [node])).toEqual([sessions[1], sessions[2]]);
  });

  it('participants of an ingest that is gone, or from before its start without a session since', () => {
    const old = { ...anna, joinedAt: ago(60_000) };

    expect(staleParticipants(room, [anna], [], [])).toEqual([anna]);
    expect(staleParticipants(room, [anna, old], [], [node])).toEqual([old]);
    expect(staleParticipants(room, [old], [session(1000)], [node])).toEqual([]);
    expect(staleParticipants({ ...room, node: 'other' as NodeId }, [anna], [], [node])).toEqual([anna]);
    expect(staleParticipants({ ...room, node: undefined }, [anna], [], [node])).toEqual([]);
  });
});
