/**
 * A programme's folder: `state.json` (anchor, epoch, codec parameters), `index.ndjson` (a line per part, written behind its
 * media) and `<msn>-<rendition>.m4s`. Writes are queued in order and bounded; what does not fit is not stored and counted.
 */
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import type { Rendition, VideoRendition } from '../domain/rendition.ts';
import { readFragments } from '../media/fmp4-read.ts';
import type { PartEntry, Segment } from './segment-list.ts';

export interface StoredVideoConfig {
  number: number;
  avcC: string;
  width: number;
  height: number;
  frameRate: number;
  bitrateBps: number;
}
export interface StoredAudioConfig {
  number: number;
  config: string;
  bitrateBps: number;
}

export interface ProgrammeFile {
  version: 2;
  /** Changes with each boot; the monotonic anchor means nothing after it. */
  bootId: string;
  anchorMonotonicNs: string;
  anchorUnixMs: number;
  epoch: number;
  frameRate: number;
  partFrames: number;
  ended: boolean;
  /** Oldest segment in the playlist: those before it are only kept for who still plays them. */
  firstMsn: number;
  /** Numbers go on from here when no segment is left. */
  nextMsn: number;
  discontinuities: number;
  renditions: VideoRendition[];
  video: Partial<Record<VideoRendition, StoredVideoConfig[]>>;
  audio: StoredAudioConfig[];
}

interface IndexLine {
  /** First frame and how many. */
  f: number;
  l: number;
  m: number;
  /** Independent. */
  i: boolean;
  d: boolean;
  /** Discontinuities up to here. */
  s: number;
  b: Partial<Record<Rendition, number>>;
  n: Partial<Record<Rendition, number>>;
}

/** About 30 s of parts. */
const MAX_QUEUED_WRITES = 256;
const INDEX_SLACK_LINES = 2000;

export class ProgrammeDisk {
  /** Writes left out because the disk is too slow. */
  dropped = 0;
  failed = 0;
  lastError: unknown;
  #queue: Promise<void> = Promise.resolve();
  #queued = 0;
  #indexLines = 0;

  constructor(private readonly folder: string) {}

  async load(): Promise<{ file: ProgrammeFile; segments: Segment[] } | undefined> {
    let file: ProgrammeFile;
    try {
      file = JSON.parse(await readFile(`${this.folder}/state.json`, 'utf8')) as ProgrammeFile;
    } catch {
      return undefined;
    }
    if (file.version !== 2) return undefined;
    const segments = new Map<number, Segment>();
    for (const line of (await readFile(`${this.folder}/index.ndjson`, 'utf8').catch(() => '')).split('\n')) {
      const entry = parseLine(line);
      if (!entry) continue;
      this.#indexLines++;
      let segment = segments.get(entry.m);
      if (!segment) {
        segment = { msn: entry.m, parts: [], discontinuity: entry.d, discontinuities: entry.s, init: entry.n, complete: true, stored: true };
        segments.set(entry.m, segment);
      }
      segment.parts.push({ frame: entry.f, frames: entry.l, independent: entry.i, bytes: entry.b });
    }
    const list = [...segments.values()].sort((a, b) => a.msn - b.msn);
    const last = list.at(-1);
    if (last) {
      await this.#cutTorn(last);
      if (last.parts.length === 0) list.pop();
    }
    list.forEach((segment, i) => markIncomplete(segment, list[i + 1]));
    // Only an unbroken run of numbers can be listed.
    let from = list.length - 1;
    while (from > 0 && (list[from - 1] as Segment).msn === (list[from] as Segment).msn - 1) from--;
    return { file, segments: list.slice(Math.max(0, from)) };
  }

  /** Removes media and index. @returns how many files there were, and the highest number among them; undefined when there were none */
  async clear(): Promise<{ files: number; lastMsn: number } | undefined> {
    const names = (await readdir(this.folder).catch((): string[] => [])).filter((name) => /^\d+-[a-z]+\.m4s$/.test(name));
    await rm(`${this.folder}/index.ndjson`, { force: true });
    for (const name of names) await rm(`${this.folder}/${name}`, { force: true });
    return names.length > 0 ? { files: names.length, lastMsn: names.reduce((most, name) => Math.max(most, Number.parseInt(name, 10)), 0) } : undefined;
  }

  /** Replaces state.json; resolves when it is there. */
  writeState(file: ProgrammeFile): Promise<void> {
    return this.#enqueue(async () => {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const temp = `${this.folder}/state.json.new`;
      await writeFile(temp, JSON.stringify(file));
      await rename(temp, `${this.folder}/state.json`);
    });
  }

  append(segment: Segment, entry: PartEntry, media: ReadonlyMap<Rendition, Buffer>): void {
    if (this.#queued >= MAX_QUEUED_WRITES || !segment.stored) {
      segment.stored = false;
      this.dropped++;
      return;
    }
    const line: IndexLine = { f: entry.frame, l: entry.frames, m: segment.msn, i: entry.independent, d: segment.discontinuity, s: segment.discontinuities, b: entry.bytes, n: segment.init };
    void this.#enqueue(async () => {
      // behind a part that is missing nothing is in its place
      if (!segment.stored) {
        this.dropped++;
        return;
      }
      for (const [rendition, data] of media) await appendFile(this.mediaPath(segment.msn, rendition), data);
      entry.written = true;
      await appendFile(`${this.folder}/index.ndjson`, `${JSON.stringify(line)}\n`);
      this.#indexLines++;
    }).catch(() => {
      segment.stored = false;
    });
  }

  remove(segments: readonly Segment[], kept: readonly Segment[]): void {
    for (const segment of segments) {
      void this.#enqueue(async () => {
        for (const rendition of Object.keys(segment.init) as Rendition[]) await rm(this.mediaPath(segment.msn, rendition), { force: true });
      }).catch(() => undefined);
    }
    const keptLines = kept.reduce((sum, s) => sum + s.parts.length, 0);
    if (this.#indexLines > 2 * keptLines + INDEX_SLACK_LINES) void this.rewriteIndex(kept).catch(() => undefined);
  }

  rewriteIndex(kept: readonly Segment[]): Promise<void> {
    return this.#enqueue(async () => {
      const lines = kept.flatMap((s) =>
        s.parts.map((e): string => JSON.stringify({ f: e.frame, l: e.frames, m: s.msn, i: e.independent, d: s.discontinuity, s: s.discontinuities, b: e.bytes, n: s.init } satisfies IndexLine)),
      );
      const temp = `${this.folder}/index.ndjson.new`;
      await writeFile(temp, lines.map((l) => `${l}\n`).join(''));
      await rename(temp, `${this.folder}/index.ndjson`);
      this.#indexLines = lines.length;
    });
  }

  /** The segment's parts one behind the other. */
  mediaPath(msn: number, rendition: Rendition): string {
    return `${this.folder}/${msn}-${rendition}.m4s`;
  }

  async readSegment(msn: number, rendition: Rendition): Promise<Buffer | undefined> {
    return readFile(this.mediaPath(msn, rendition)).catch(() => undefined);
  }

  /** The IDR a segment starts with. */
  async firstPicture(msn: number, rendition: VideoRendition): Promise<Buffer | undefined> {
    const data = await this.readSegment(msn, rendition);
    const sample = data && readFragments(data)[0]?.tracks[0]?.samples[0];
    return data && sample?.key ? Buffer.from(data.subarray(sample.at, sample.at + sample.size)) : undefined;
  }

  flush(): Promise<void> {
    return this.#queue;
  }

  /** Parts whose media did not reach the disk whole are forgotten. */
  async #cutTorn(segment: Segment): Promise<void> {
    for (const rendition of Object.keys(segment.init) as Rendition[]) {
      const path = this.mediaPath(segment.msn, rendition);
      const size = await stat(path).then((s) => s.size, () => 0);
      let sum = 0;
      let whole = 0;
      for (const part of segment.parts) {
        if (sum + (part.bytes[rendition] ?? 0) > size) break;
        sum += part.bytes[rendition] ?? 0;
        whole++;
      }
      segment.parts.length = whole;
    }
    for (const rendition of Object.keys(segment.init) as Rendition[]) {
      const sum = segment.parts.reduce((total, part) => total + (part.bytes[rendition] ?? 0), 0);
      await truncate(this.mediaPath(segment.msn, rendition), sum).catch(() => undefined);
    }
  }

  #enqueue(write: () => Promise<void>): Promise<void> {
    this.#queued++;
    const done = this.#queue.then(write).finally(() => {
      this.#queued--;
    });
    this.#queue = done.catch((error: unknown) => {
      this.failed++;
      this.lastError = error;
    });
    return done;
  }
}

/** A segment that ends before the next begins lost its last parts: it keeps its duration and is a gap. */
function markIncomplete(segment: Segment, next: Segment | undefined): void {
  const last = segment.parts.at(-1);
  const start = next?.parts[0]?.frame;
  if (!last || !next || start === undefined || next.msn !== segment.msn + 1 || next.discontinuity || last.frame + last.frames >= start) return;
  last.frames = start - last.frame;
  segment.stored = false;
}

function parseLine(line: string): IndexLine | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as IndexLine);
  } catch {
    return undefined; // torn by a crash
  }
}
