import { describe, expect, it } from 'vitest';
import { PacketRing } from './packet-ring.ts';
import { RtpStream, type OutgoingPacket } from './rtp-stream.ts';

const FRAME_TICKS = 3000;

/** A ring of `frames` frames of two packets each, from frame `first` on, a keyframe every 64. */
function filled(frames: number, first = 0, capacity = 2048): PacketRing {
  const ring = new PacketRing(capacity);
  for (let n = first; n < first + frames; n++) grow(ring, n);
  return ring;
}
function grow(ring: PacketRing, frame: number): void {
  ring.push([Buffer.alloc(20, frame), Buffer.alloc(20, frame)], frame * FRAME_TICKS, frame % 64 === 0);
}
function newStream(firstSequence = 0xfff0): RtpStream {
  return new RtpStream({ ssrc: 2, payloadType: 96, clockHz: 90_000, firstSequence, offsetTicks: 1000 });
}
function drain(stream: RtpStream): OutgoingPacket[] {
  const out: OutgoingPacket[] = [];
  for (let next = stream.next(); next; next = stream.next()) out.push(next);
  return out;
}
const steps = (values: number[]): number[] => values.slice(1).map((v, i) => v - (values[i] as number));

describe('RtpStream', () => {
  it('starts at the newest keyframe with the past squeezed into a tenth of a second, then goes on in true time', () => {
    const ring = filled(64 + 50);
    const stream = newStream();

    stream.follow(ring, ring.keyIndex, true);
    const past = drain(stream);
    grow(ring, 114);
    const live = drain(stream);

    expect(past).toHaveLength(100);
    expect((past.at(-1) as OutgoingPacket).ticks - (past[0] as OutgoingPacket).ticks).toBe(9000);
    expect((live[0] as OutgoingPacket).ticks).toBe(114 * FRAME_TICKS + 1000);
    expect(steps([...past, ...live].map((p) => p.sequence))).toEqual(new Array(101).fill(1));
    expect(Math.min(...steps([...past, ...live].map((p) => p.ticks)))).toBeGreaterThanOrEqual(0);
  });

  it('gives a packet again with the same numbers, also over the wrap of sequence numbers', () => {
    const ring = filled(40);
    const stream = newStream(0xfff0);
    stream.follow(ring, 0, true);

    const sent = drain(stream);

    for (const packet of sent) expect(stream.sent(packet.sequence & 0xffff)).toEqual(packet);
    expect(stream.sent((stream.nextSequence + 5) & 0xffff)).toBeUndefined();
  });

  it('changes rendition without a hole in sequence numbers and without going back in time', () => {
    const mid = filled(65);
    const high = filled(65);
    const stream = newStream();
    stream.follow(mid, 0, false);
    const before = drain(stream);

    stream.follow(high, high.keyIndex, false); // frame 64, which was sent from `mid` already
    grow(high, 65);
    const after = drain(stream);

    expect(steps([...before, ...after].map((p) => p.sequence))).toEqual(new Array(before.length + after.length - 1).fill(1));
    expect((after[0] as OutgoingPacket).ticks).toBeGreaterThan((before.at(-1) as OutgoingPacket).ticks);
    expect((after.at(-1) as OutgoingPacket).ticks).toBe(65 * FRAME_TICKS + 1000);
    expect(stream.sent((before.at(-1) as OutgoingPacket).sequence & 0xffff)).toEqual(before.at(-1));
  });

  it('sends nothing while paused and goes on at the next keyframe', () => {
    const ring = filled(10);
    const stream = newStream();
    stream.follow(ring, 0, false);
    const before = drain(stream);

    stream.pause();
    for (let n = 10; n < 65; n++) grow(ring, n);
    expect(drain(stream)).toEqual([]);
    stream.follow(ring, ring.keyIndex, false);
    const after = drain(stream);

    expect((after[0] as OutgoingPacket).sequence).toBe((before.at(-1) as OutgoingPacket).sequence + 1);
    expect((after[0] as OutgoingPacket).ticks).toBe(64 * FRAME_TICKS + 1000);
  });

  it('goes on with the newest keyframe, leaving a hole, when it was overrun', () => {
    const ring = filled(2, 0, 64);
    const stream = newStream();
    stream.follow(ring, 0, false);
    const before = drain(stream);

    for (let n = 2; n < 70; n++) grow(ring, n);
    const after = drain(stream);

    expect((after[0] as OutgoingPacket).ticks).toBe(64 * FRAME_TICKS + 1000);
    expect((after[0] as OutgoingPacket).sequence - (before.at(-1) as OutgoingPacket).sequence).toBe(1 + stream.overrun);
  });

  it('has a settled keyframe for ballast only when the receiver has had it for a while', () => {
    const ring = filled(64);
    const stream = newStream();
    stream.follow(ring, 0, false);
    const sent = drain(stream);
    const settled = stream.settledFrame();
    grow(ring, 64); // a new keyframe
    drain(stream);

    expect(settled).toEqual(sent.slice(0, 2));
    expect(stream.settledFrame()).toEqual([]);
    expect(newStream().settledFrame()).toEqual([]);
  });
});

describe('RtpStream with two tracks of one sound', () => {
  /** Packets of `ms` from `fromMs` up to `toMs` of programme time, in order of their end, as an encoder gives them out. */
  function* packets(ring: PacketRing, ms: number, fromMs: number): Generator<number> {
    for (let at = fromMs; ; at += ms) {
      yield at + ms; // it comes when it is over
      ring.push([Buffer.alloc(20)], at * 48, true, ms * 48);
    }
  }
  /** What is sent between 0 and `untilMs`, as times in ms, changing the track at each of `changesMs`. */
  function play(untilMs: number, changesMs: number[], phaseMs = 0): { atMs: number; lengthMs: number }[] {
    const full = new PacketRing(256);
    const low = new PacketRing(256);
    const sources = [packets(full, 20, 0), packets(low, 40, phaseMs)];
    const due = sources.map((source) => source.next().value as number);
    const stream = new RtpStream({ ssrc: 2, payloadType: 111, clockHz: 48_000, firstSequence: 7, offsetTicks: 0 });
    const sent: { atMs: number; lengthMs: number; sequence: number }[] = [];
    stream.follow(full, 0, false);
    let wanted = full;
    for (let ms = 0; ms < untilMs; ms++) {
      if (changesMs.includes(ms)) stream.continueWith((wanted = wanted === full ? low : full));
      for (const [i, source] of sources.entries()) if (due[i] === ms) due[i] = source.next().value as number;
      for (let next = stream.next(); next; next = stream.next())
        sent.push({ atMs: next.ticks / 48, lengthMs: stream.ring === full ? 20 : 40, sequence: next.sequence & 0xffff });
    }
    expect(steps(sent.map(({ sequence }) => sequence))).toEqual(new Array(sent.length - 1).fill(1));
    expect(stream.ring).toBe(wanted);
    return sent;
  }

  it('changes from one to the other and back without a sample twice or missing, at whatever moment', () => {
    for (let at = 200; at < 240; at++) {
      const sent = play(800, [at, at + 233]);

      expect(new Set(sent.map(({ lengthMs }) => lengthMs))).toEqual(new Set([20, 40]));
      for (const [i, { atMs }] of sent.entries()) if (i > 0) expect(atMs).toBe((sent[i - 1]?.atMs ?? 0) + (sent[i - 1]?.lengthMs ?? 0));
    }
  });

  it('leaves less than a packet out where the tracks are not in phase, and goes back before it has changed', () => {
    const shifted = play(800, [205], 10);
    const undone = play(400, [205, 206]);

    const gaps = shifted.slice(1).map(({ atMs }, i) => atMs - (shifted[i]?.atMs ?? 0) - (shifted[i]?.lengthMs ?? 0));
    expect(gaps.filter((gap) => gap !== 0)).toEqual([10]);
    expect(new Set(undone.map(({ lengthMs }) => lengthMs))).toEqual(new Set([20]));
  });
});
