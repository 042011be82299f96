/** Reads encoded loops back: frames of an IVF file, packets of an Ogg file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BEEP_PERIOD_MS, LOOP_SECONDS } from './encode-loops.ts';
import { LOOP_SIZES } from './loop-sizes.ts';

export const PACKET_MS = 20;

export interface Loops {
  /** By name of the size: VP8 frames, the first a keyframe. */
  person: ReadonlyMap<string, readonly Buffer[]>;
  /** By name of the size: a black and a white keyframe. */
  flash: ReadonlyMap<string, readonly [Buffer, Buffer]>;
  /** Opus packets of 20 ms, 4 s. */
  speech: readonly Buffer[];
  /** Opus packets of 20 ms, 2 s, loud in the first 100 ms. */
  beep: readonly Buffer[];
}

/** @throws when a file is missing or short: {@link import('./encode-loops.ts').encodeLoops} makes them */
export function readLoops(folder: string): Loops {
  const person = new Map(LOOP_SIZES.map(({ name, frameRate }) => [name, ivfFrames(folder, `person-${name}.ivf`, LOOP_SECONDS * frameRate)]));
  const flash = new Map(LOOP_SIZES.map(({ name }) => [name, ivfFrames(folder, `flash-${name}.ivf`, 2) as unknown as readonly [Buffer, Buffer]]));
  return { person, flash, speech: oggMiddle(folder, 'speech.ogg', LOOP_SECONDS * 1000), beep: oggMiddle(folder, 'beep.ogg', BEEP_PERIOD_MS) };
}

function ivfFrames(folder: string, file: string, count: number): Buffer[] {
  const data = readFileSync(join(folder, file));
  const frames: Buffer[] = [];
  for (let at = data.readUInt16LE(6); at + 12 <= data.length && frames.length < count; ) {
    const bytes = data.readUInt32LE(at);
    frames.push(data.subarray(at + 12, at + 12 + bytes));
    at += 12 + bytes;
  }
  if (frames.length < count) throw new Error(`${file} has ${frames.length} frames, not ${count}`);
  return frames;
}

/** The second third of the packets: what is before and after it is the same loop. */
function oggMiddle(folder: string, file: string, lengthMs: number): Buffer[] {
  const count = lengthMs / PACKET_MS;
  const packets = oggPackets(readFileSync(join(folder, file))).slice(2); // OpusHead and OpusTags come first
  if (packets.length < 2 * count) throw new Error(`${file} has ${packets.length} packets`);
  return packets.slice(count, 2 * count);
}

export function oggPackets(stream: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; at + 27 <= stream.length; ) {
    const count = stream[at + 26] as number;
    let body = at + 27 + count;
    for (let i = 0; i < count; i++) {
      const size = stream[at + 27 + i] as number;
      parts.push(stream.subarray(body, body + size));
      body += size;
      if (size === 255) continue;
      packets.push(Buffer.concat(parts));
      parts = [];
    }
    at = body;
  }
  return packets;
}
