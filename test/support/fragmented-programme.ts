/** A programme as the origin would write it: fragmented MP4 with H.264 and AAC, for tests behind the origin. */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ProgrammeOptions {
  seconds: number;
  /** FFmpeg's colour name, or test pattern when absent. */
  colour?: string;
  toneHz?: number;
  size?: string;
  video?: boolean;
  audio?: boolean;
  /** Fragments of this length instead of one per keyframe: the parts of a tail. */
  partMs?: number;
}

export interface FragmentedProgramme {
  /** `ftyp` and `moov`. */
  init: Buffer;
  /** `moof` + `mdat` each, about 2.13 s, beginning with a keyframe. */
  fragments: Buffer[];
}

/** Keyframes each 64 frames as on the programme's grid; 30 fps, 48 kHz. Nothing is paced: a minute takes about a second. */
export async function makeProgramme(options: ProgrammeOptions): Promise<FragmentedProgramme> {
  const path = join(tmpdir(), `tessera-programme-${randomUUID()}.mp4`);
  const size = options.size ?? '320x180';
  const picture = options.colour ? `color=c=${options.colour}:s=${size}:r=30` : `testsrc2=s=${size}:r=30`;
  const video = options.video !== false;
  const audio = options.audio !== false;
  try {
    await run(
      'ffmpeg',
      [
        '-v', 'error', '-nostdin',
        ...(video ? ['-f', 'lavfi', '-i', picture] : []),
        ...(audio ? ['-f', 'lavfi', '-i', `sine=f=${options.toneHz ?? 440}:r=48000`] : []),
        '-t', String(options.seconds),
        ...(video ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '64', '-keyint_min', '64', '-sc_threshold', '0', '-threads', '1'] : []),
        // the encoder's first packet is at −1024 samples; the programme's is at 0
        ...(audio ? ['-c:a', 'aac', '-b:a', '64k', '-ac', '2', '-bsf:a', 'setts=ts=TS+1024'] : []),
        ...(options.partMs ? ['-frag_duration', String(options.partMs * 1000)] : video ? [] : ['-frag_duration', '2133000']),
        '-movflags', `+empty_moov+default_base_moof${video && !options.partMs ? '+frag_keyframe' : ''}`, '-f', 'mp4', path,
      ],
      { timeout: 60_000, killSignal: 'SIGKILL' },
    );
    return cutFragments(await readFile(path));
  } finally {
    await rm(path, { force: true });
  }
}

/** Chunks as the recorder stores them: the first with the init part, each with `perChunk` fragments. */
export function chunksOf(programme: FragmentedProgramme, perChunk = 2): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < programme.fragments.length; at += perChunk) {
    const part = Buffer.concat(programme.fragments.slice(at, at + perChunk));
    chunks.push(at === 0 ? Buffer.concat([programme.init, part]) : part);
  }
  return chunks;
}

function cutFragments(file: Buffer): FragmentedProgramme {
  const init: Buffer[] = [];
  const fragments: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const box = file.subarray(at, at + size);
    if (type === 'moof') fragments.push(box);
    else if (type === 'mdat') fragments.push(Buffer.concat([fragments.pop() as Buffer, box]));
    else if (type !== 'mfra') init.push(box);
    at += size;
  }
  return { init: Buffer.concat(init), fragments };
}
