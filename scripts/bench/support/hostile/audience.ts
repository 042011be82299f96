/**
 * Process of the honest clients: WHEP viewers that report as browsers do, and an LL-HLS player that follows the playlist of `mid` and takes its
 * parts. Talks IPC with siege.ts: in `{begin: target, viewers}`, `{forget: true}`, `{look: true}`, `{join: true}`; out `{done}`, `{figures}`, `{joinedMs}`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KeyframeWatch } from '../keyframe-watch.ts';
import { bandwidthEstimate, receiverReport } from '../viewer-feedback.ts';
import { openOwnClient } from './own-client.ts';
import { from, hlsRoot, type Target } from './target.ts';

export interface AudienceMessage {
  begin?: Target;
  viewers?: number;
  forget?: true;
  look?: true;
  join?: true;
}

/** Since the last `forget`. */
export interface AudienceFigures {
  /** Between the first packets of two pictures, all viewers together. */
  pictures: number;
  pictureGapP99Ms: number;
  pictureGapMaxMs: number;
  /** Packets that did not come. */
  lost: number;
  /** From a request for the playlist with the next part to its answer: the time until there is such a part belongs to it. */
  reloads: number;
  reloadP99Ms: number;
  /** From a request for what is there to its last byte: parts, and the playlist as it is. */
  answers: number;
  answerP50Ms: number;
  answerP99Ms: number;
  answerMaxMs: number;
  errors: number;
}

const ADDRESS = '203.0.113.7';
const FEEDBACK_MS = 300;
const ASK_MS = 50;
const JOIN_TIMEOUT_MS = 10_000;

let target: Target;
let gapsMs: number[] = [];
let reloadsMs: number[] = [];
let answersMs: number[] = [];
let lost = 0;
let errors = 0;

async function watch(): Promise<void> {
  let ticks = -1;
  let atMs = 0;
  let highest = -1;
  const client = await openOwnClient(target, {
    kind: 'whep',
    address: ADDRESS,
    onPacket: (packet, track) => {
      if (track !== client.video || packet.readUInt32BE(8) !== client.videoSsrc) return;
      const sequence = packet.readUInt16BE(2);
      if (highest >= 0) {
        const ahead = ((sequence - (highest & 0xffff) + 0x8000) & 0xffff) - 0x8000;
        lost += ahead > 0 ? ahead - 1 : -1;
        if (ahead > 0) highest += ahead;
      } else highest = sequence;
      const its = packet.readUInt32BE(4);
      if (its === ticks) return;
      const nowMs = performance.now();
      if (ticks >= 0) gapsMs.push(nowMs - atMs);
      ticks = its;
      atMs = nowMs;
    },
  });
  if (client.status !== 201) throw new Error(`WHEP answered ${client.status}`);
  setInterval(() => {
    if (client.connected && client.videoSsrc !== 0) client.video.sendMessageBinary(Buffer.concat([receiverReport(client.videoSsrc, highest), bandwidthEstimate(client.videoSsrc, 3_000_000)]));
  }, FEEDBACK_MS);
  for (let i = 0; i < 100 && ticks < 0; i++) await delay(100);
  if (ticks < 0) throw new Error('no picture');
}

/** How long it takes somebody new until the first whole picture. */
async function join(): Promise<number> {
  const startedMs = performance.now();
  const keyframes = new KeyframeWatch();
  let pictureMs = Number.NaN;
  const client = await openOwnClient(target, {
    kind: 'whep',
    address: ADDRESS,
    onPacket: (packet, track) => {
      if (Number.isNaN(pictureMs) && track === client.video && packet.readUInt32BE(8) === client.videoSsrc && keyframes.packet(packet)) pictureMs = performance.now() - startedMs;
    },
  });
  while (client.status === 201 && Number.isNaN(pictureMs) && performance.now() - startedMs < JOIN_TIMEOUT_MS) await delay(10);
  await client.close();
  return Math.round(Number.isNaN(pictureMs) ? JOIN_TIMEOUT_MS : pictureMs);
}

async function ask(url: string, times: number[]): Promise<string> {
  const startedMs = performance.now();
  try {
    const response = await fetch(url, { headers: from(ADDRESS), signal: AbortSignal.timeout(8000) });
    const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
    if (response.ok) {
      times.push(performance.now() - startedMs);
      return text;
    }
  } catch {
    // counted below
  }
  errors++;
  await delay(200);
  return '';
}

async function play(): Promise<void> {
  const playlistUrl = `${hlsRoot(target)}mid.m3u8`;
  let query = '';
  let last = '';
  for (;;) {
    const text = await ask(playlistUrl + query, query === '' ? [] : reloadsMs);
    if (text === '') {
      query = '';
      continue;
    }
    const lines = text.split('\n');
    const part = lines.findLast((line) => line.startsWith('#EXT-X-PART:'))?.match(/URI="([^"]+)"/)?.[1];
    if (part !== undefined && part !== last) await ask(new URL(part, playlistUrl).href, answersMs);
    last = part ?? last;
    const whole = lines.filter((line) => line.startsWith('#EXTINF')).length;
    const open = lines.slice(lines.findLastIndex((line) => line.startsWith('#EXTINF')) + 1).filter((line) => line.startsWith('#EXT-X-PART:')).length;
    query = `?_HLS_msn=${Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0) + whole}&_HLS_part=${open}`;
  }
}

async function glance(): Promise<void> {
  for (;;) {
    await ask(`${hlsRoot(target)}mid.m3u8`, answersMs);
    await delay(ASK_MS);
  }
}

function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(10 * (sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN)) / 10;
}

function figures(): AudienceFigures {
  return {
    pictures: gapsMs.length,
    pictureGapP99Ms: percentile(gapsMs, 0.99),
    pictureGapMaxMs: percentile(gapsMs, 1),
    lost,
    reloads: reloadsMs.length,
    reloadP99Ms: percentile(reloadsMs, 0.99),
    answers: answersMs.length,
    answerP50Ms: percentile(answersMs, 0.5),
    answerP99Ms: percentile(answersMs, 0.99),
    answerMaxMs: percentile(answersMs, 1),
    errors,
  };
}

async function take({ begin, viewers, forget, look, join: joins }: AudienceMessage): Promise<object> {
  if (begin) {
    target = begin;
    await Promise.all(Array.from({ length: viewers ?? 1 }, watch));
    void play();
    void glance();
  }
  const seen = look ? { figures: figures() } : {};
  if (forget) {
    gapsMs = [];
    reloadsMs = [];
    answersMs = [];
    lost = 0;
    errors = 0;
  }
  return { done: true, ...seen, ...(joins ? { joinedMs: await join() } : {}) };
}

process.on('message', (message: AudienceMessage) => {
  take(message).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ done: true });
