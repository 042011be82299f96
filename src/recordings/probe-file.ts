import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { packetArguments, probeArguments } from '../../pipelines/ffmpeg/probe.ts';
import { HoleScan, trackClocks, type PacketHole, type ProbeReport } from './verification.ts';

const run = promisify(execFile);

/** Asks ffprobe for the tracks and then lets every packet's timestamp go by: constant memory, about 0.3 s for an hour. @throws when ffprobe fails or takes longer than `timeoutMs` */
export async function probeFile(path: string, timeoutMs: number, signal?: AbortSignal): Promise<{ report: ProbeReport; holes: PacketHole[] }> {
  const { stdout } = await run('ffprobe', probeArguments(path), { timeout: timeoutMs, killSignal: 'SIGKILL', signal, maxBuffer: 1 << 20 });
  const report = JSON.parse(stdout) as ProbeReport;
  const scan = new HoleScan(trackClocks(report));
  await scanPackets(path, scan, timeoutMs, signal);
  return { report, holes: scan.holes };
}

async function scanPackets(path: string, scan: HoleScan, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const child = spawn('ffprobe', packetArguments(path), { stdio: ['ignore', 'pipe', 'ignore'], timeout: timeoutMs, killSignal: 'SIGKILL', signal });
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => (code === 0 ? resolve() : reject(new Error(`ffprobe ended with ${code ?? killedBy}`))));
  });
  exited.catch(() => undefined); // awaited below, after the lines
  for await (const line of createInterface({ input: child.stdout })) {
    const comma = line.indexOf(',');
    const seconds = Number.parseFloat(line.slice(comma + 1));
    if (comma > 0 && !Number.isNaN(seconds)) scan.packet(Number(line.slice(0, comma)), seconds * 1000);
  }
  await exited;
}
