/** One short FFmpeg run from some keyframes to a JPEG. */
import { spawn } from 'node:child_process';

const TIMEOUT_MS = 4000;
const MAX_JPEG_BYTES = 2 * 1024 * 1024;

/**
 * @param input what follows `-f`: its format; @param filter for the pictures @param quality of FFmpeg's mjpeg encoder, 2 (best) to 31
 * @returns undefined when it cannot be decoded, or not within 4 s
 */
export function pictureByFfmpeg(input: { format: 'mp4' | 'h264'; bytes: Buffer }, filter: string, quality: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const child = spawn(
      'ffmpeg',
      ['-hide_banner', '-loglevel', 'error', '-threads', '1', '-f', input.format, '-i', 'pipe:0', '-fps_mode', 'passthrough', '-vf', filter, '-frames:v', '1', '-q:v', String(quality), '-f', 'mjpeg', 'pipe:1'],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    const out: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_JPEG_BYTES) child.kill('SIGKILL');
      else out.push(chunk);
    });
    child.stdin.on('error', () => undefined);
    child.on('error', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve(code === 0 && bytes > 0 ? Buffer.concat(out) : undefined);
    });
    child.stdin.end(input.bytes);
  });
}
