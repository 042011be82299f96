/**
 * Flashes and beeps of several participants in a running programme, with bounded memory: each flashes in its own tile and beeps
 * at its own time within 2 s (synthetic/replay), so every beep belongs to one of them. Pictures and sound are decoded by
 * FFmpeg from the units at the programme socket; the times are those of the units, exactly.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Unit } from '../../../src/media/programme-protocol.ts';
import { BEEP_PERIOD_MS } from '../../synthetic/replay/encode-loops.ts';
import { FlashesAndBeeps, type WatchedTile } from './flashes-and-beeps.ts';
import type { ProgrammeProbe } from './programme-probe.ts';

export interface Seen {
  /** Programme time of the flash, ms. */
  atMs: number;
  /** Beep − flash, ms; undefined when no beep was near. */
  beepAfterMs: number | undefined;
  /** From the publisher's sending to the picture's place in the programme, ms. */
  toProgrammeMs: number;
  /** From that place to the unit's arrival at the programme socket, ms. */
  toSocketMs: number;
}

const WIDTH = 96;
const HEIGHT = 54;
const RATE_HZ = 48_000;
const AAC_SAMPLES = 1024;
const SAMPLES_PER_MS = RATE_HZ / 1000;
const ADTS_RATE_INDEX = 3;

export class FlashWatch {
  readonly seen = new Map<string, Seen[]>();
  /** Pictures decoded. */
  pictures = 0;
  readonly #video: Decoder;
  readonly #audio: Decoder;
  readonly #pictureTimes: { ptsMs: number; latenessMs: number }[] = [];
  readonly #soundTimes: number[] = [];
  readonly #judged: FlashesAndBeeps<{ latenessMs: number }>;
  #started = false;

  constructor(
    private readonly probe: ProgrammeProbe,
    tiles: readonly WatchedTile[],
  ) {
    for (const { name } of tiles) this.seen.set(name, []);
    this.#judged = new FlashesAndBeeps(tiles, ({ tile, atMs, note: { latenessMs } }, beepAfterMs) => {
      const wall = probe.anchorUnixMs + atMs - tile.offsetMs;
      const toProgrammeMs = wall - Math.round((wall - 500) / BEEP_PERIOD_MS) * BEEP_PERIOD_MS;
      this.seen.get(tile.name)?.push({ atMs, beepAfterMs, toProgrammeMs, toSocketMs: latenessMs });
    });
    const low = ['-v', 'error', '-threads', '1', '-flags', 'low_delay', '-probesize', '4096', '-analyzeduration', '0'];
    this.#video = new Decoder(
      [...low, '-f', 'h264', '-i', 'pipe:0', '-fps_mode', 'passthrough', '-vf', `scale=${WIDTH}:${HEIGHT}:flags=area,format=gray`, '-f', 'rawvideo', 'pipe:1'],
      WIDTH * HEIGHT,
      (block) => this.#picture(block),
    );
    this.#audio = new Decoder([...low, '-f', 'aac', '-i', 'pipe:0', '-ac', '1', '-ar', String(RATE_HZ), '-f', 's16le', 'pipe:1'], 2 * AAC_SAMPLES, (block) => this.#sound(block));
    probe.onUnit = (unit, latenessMs) => this.#unit(unit, latenessMs);
  }

  close(): void {
    this.probe.onUnit = undefined;
    this.#video.close();
    this.#audio.close();
  }

  #unit(unit: Unit, latenessMs: number): void {
    if (unit.cached) return;
    if (unit.track === 'video:mid') {
      if (!this.#started && !unit.key) return;
      this.#started = true;
      this.#pictureTimes.push({ ptsMs: Number(unit.ptsNs) / 1e6, latenessMs });
      this.#video.write(annexB(unit, this.probe));
    } else if (unit.track === 'audio:aac' && this.#started) {
      this.#soundTimes.push(Number(unit.ptsNs) / 1e6);
      this.#audio.write(Buffer.concat([adtsHeader(unit.data.length), unit.data]));
    }
  }

  #picture(luma: Buffer): void {
    const time = this.#pictureTimes.shift();
    if (!time) return;
    this.pictures++;
    this.#judged.picture(time.ptsMs, ({ x, y }) => luma[Math.round(y * HEIGHT) * WIDTH + Math.round(x * WIDTH)] as number, time);
  }

  #sound(block: Buffer): void {
    const ptsMs = this.#soundTimes.shift();
    if (ptsMs === undefined) return;
    for (let at = 0; at + SAMPLES_PER_MS <= AAC_SAMPLES; at += SAMPLES_PER_MS) {
      let peak = 0;
      for (let i = at; i < at + SAMPLES_PER_MS; i++) peak = Math.max(peak, Math.abs(block.readInt16LE(2 * i)));
      this.#judged.sound(ptsMs + at / SAMPLES_PER_MS, peak);
    }
  }
}

/** An FFmpeg process that turns a stream into blocks of one size. */
class Decoder {
  readonly #child: ChildProcess;
  #rest: Buffer[] = [];
  #bytes = 0;

  constructor(args: readonly string[], blockBytes: number, onBlock: (block: Buffer) => void) {
    this.#child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 2] });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.on('data', (data: Buffer) => {
      this.#rest.push(data);
      this.#bytes += data.length;
      if (this.#bytes < blockBytes) return;
      const all = Buffer.concat(this.#rest, this.#bytes);
      let at = 0;
      for (; at + blockBytes <= all.length; at += blockBytes) onBlock(all.subarray(at, at + blockBytes));
      this.#rest = [all.subarray(at)];
      this.#bytes = all.length - at;
    });
    process.once('exit', this.#kill);
  }

  write(data: Buffer): void {
    this.#child.stdin?.write(data);
  }

  close(): void {
    process.off('exit', this.#kill);
    this.#kill();
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL');
}

function annexB(unit: Unit, probe: ProgrammeProbe): Buffer {
  const out: Buffer[] = [];
  const start = Buffer.from([0, 0, 0, 1]);
  out.push(start, Buffer.from([9, 0xf0])); // access unit delimiter: the parser need not wait for the next picture's slice
  const init = unit.key ? probe.inits.get(unit.track) : undefined;
  if (init) for (const set of parameterSets(Buffer.from(init.config, 'base64'))) out.push(start, set);
  for (let at = 0; at + 4 <= unit.data.length; ) {
    const length = unit.data.readUInt32BE(at);
    out.push(start, unit.data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return Buffer.concat(out);
}

/** Of an avcC (ISO/IEC 14496-15 §5.3.3.1). */
function parameterSets(avcC: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (avcC[at++] as number) & mask;
    for (let i = 0; i < count; i++) {
      const length = avcC.readUInt16BE(at);
      sets.push(avcC.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return sets;
}

/** AAC-LC, 48 kHz, stereo (ISO/IEC 14496-3 §1.A.2.2). */
function adtsHeader(bytes: number): Buffer {
  const length = bytes + 7;
  return Buffer.from([0xff, 0xf1, (1 << 6) | (ADTS_RATE_INDEX << 2), (2 << 6) | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc]);
}
