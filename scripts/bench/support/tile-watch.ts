/** How fluid one half of the programme is, judged in what LL-HLS served: a frozen tile is the same from picture to picture. */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { promisify } from 'node:util';
import { HlsReader } from './hls-reader.ts';

const run = promisify(execFile);
const LIMITS = { timeout: 40_000, killSignal: 'SIGKILL', maxBuffer: 512e6, encoding: 'buffer' } as const;
const [WIDTH, HEIGHT] = [160, 90];
/** Brightness in which a pixel differs when the picture has moved; what the encoder leaves of the one before stays below. */
const MOVED = 12;
const MOVED_PIXELS = 4;

export interface TileMotion {
  seconds: number;
  /** Of the programme. */
  picturesPerSecond: number;
  movedPerSecond: number;
  longestStandstillMs: number;
}

export class TileWatch {
  readonly #reader: HlsReader;
  readonly #writing: ReturnType<typeof createWriteStream>;

  /** Reads from now on. @param file for some MB */
  constructor(
    multivariantUrl: string,
    private readonly file: string,
  ) {
    this.#writing = createWriteStream(file);
    this.#reader = new HlsReader(multivariantUrl, { onData: (track, data) => void (track === 'video' && this.#writing.write(data)) });
    void this.#reader.run();
  }

  /** Ends reading. Decoding takes a core for some seconds: after what is measured in real time. */
  async end(): Promise<void> {
    this.#reader.close();
    await new Promise<void>((resolve) => this.#writing.end(resolve));
  }

  /** @param left where the tile begins, as a fraction of the width; it reaches to the right edge */
  async motion(left: number): Promise<TileMotion> {
    const { stdout, stderr } = await run(
      'ffmpeg',
      ['-nostats', '-v', 'info', '-threads', '1', '-copyts', '-i', this.file, '-fps_mode', 'passthrough', '-vf', `showinfo=checksum=0,scale=${WIDTH}:${HEIGHT}:flags=area,format=gray`, '-f', 'rawvideo', '-'],
      LIMITS,
    );
    const timesMs = [...stderr.toString().matchAll(/showinfo.* n: *\d+ .*pts_time:(\S+)/g)].map((m) => 1000 * Number(m[1]));
    const size = WIDTH * HEIGHT;
    const firstColumn = Math.ceil(left * WIDTH);
    const moves: number[] = [];
    let still = 0;
    for (let i = 1; i < timesMs.length; i++) {
      let pixels = 0;
      for (let y = 0; y < HEIGHT; y++)
        for (let x = firstColumn; x < WIDTH; x++) {
          const at = y * WIDTH + x;
          if (Math.abs((stdout[i * size + at] as number) - (stdout[still * size + at] as number)) > MOVED) pixels++;
        }
      if (pixels < MOVED_PIXELS) continue;
      moves.push(timesMs[i] as number);
      still = i;
    }
    const [first, last] = [timesMs[0] ?? 0, timesMs.at(-1) ?? 0];
    const seconds = Math.max(0.001, (last - first) / 1000);
    const marks = [first, ...moves, last];
    return {
      seconds,
      picturesPerSecond: timesMs.length / seconds,
      movedPerSecond: moves.length / seconds,
      longestStandstillMs: Math.max(0, ...marks.slice(1).map((ms, i) => ms - (marks[i] as number))),
    };
  }

  /** The last picture but a few, as PNG or JPEG. */
  async still(to: string): Promise<void> {
    await run('ffmpeg', ['-v', 'error', '-threads', '1', '-y', '-i', this.file, '-update', '1', '-frames:v', '1', '-vf', 'select=gte(n\\,200)', to], LIMITS);
  }
}
