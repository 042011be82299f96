/** Debian's Janus with its streaming plugin, on loopback and ports of its own, driven over its HTTP API. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../test/support/process.ts';

const LIBRARIES = '/usr/lib/x86_64-linux-gnu/janus';
const HTTP_TIMEOUT_MS = 20_000;

export interface Mountpoint {
  id: number;
  videoPort: number;
  audioPort: number;
}

interface Reply {
  janus: string;
  sender?: number;
  session_id?: number;
  data?: { id: number };
  jsep?: { type: string; sdp: string };
  error?: { reason: string };
  plugindata?: { data: Record<string, unknown> };
}

export interface Janus {
  pid: number;
  /** Opens a viewer of a mountpoint: Janus offers, `answer` gives the viewer's answer. @returns its handle */
  watch(mountpoint: number, answer: (offer: string) => Promise<string>): Promise<number>;
  leave(handle: number): Promise<void>;
  close(): void;
}

export const JANUS_MISSING = "Janus is missing: apt-get install --no-install-recommends $(grep -v '^#' scripts/packages/bench.txt), or run with --without-janus.";

export function janusIsThere(): boolean {
  return existsSync('/usr/bin/janus') && existsSync(`${LIBRARIES}/plugins/libjanus_streaming.so`);
}

/** @param udpPorts a range of `[first, last]` for viewers: Janus takes one for each */
export async function startJanus(folder: string, mountpoints: readonly Mountpoint[], udpPorts: readonly [number, number]): Promise<Janus> {
  const port = await freePort();
  const settings = join(folder, 'janus');
  mkdirSync(settings);
  const write = (name: string, text: string): void => writeFileSync(join(settings, name), text);
  write(
    'janus.jcfg',
    `general: { configs_folder = "${settings}" plugins_folder = "${LIBRARIES}/plugins" transports_folder = "${LIBRARIES}/transports" events_folder = "${settings}" loggers_folder = "${settings}" debug_level = 2 event_loops = 2 session_timeout = 120 }
     media: { rtp_port_range = "${udpPorts[0]}-${udpPorts[1]}" }
     nat: { ice_ignore_list = "fe80:,fd,fc,::1" ignore_mdns = true }
     plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_videoroom.so,libjanus_voicemail.so" }
     transports: { disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_websockets.so" }`,
  );
  write('janus.transport.http.jcfg', `general: { json = "plain" base_path = "/janus" http = true port = ${port} ip = "127.0.0.1" https = false }\nadmin: { admin_http = false }`);
  write(
    'janus.plugin.streaming.jcfg',
    mountpoints
      .map(
        ({ id, videoPort, audioPort }) => `m${id}: { type = "rtp" id = ${id} media = (
          { type = "audio" mid = "a" port = ${audioPort} pt = 111 codec = "opus" iface = "127.0.0.1" },
          { type = "video" mid = "v" port = ${videoPort} pt = 96 codec = "h264" fmtp = "profile-level-id=42e01f;packetization-mode=1" bufferkf = true iface = "127.0.0.1" } ) }`,
      )
      .join('\n'),
  );
  const child: ChildProcess = spawn('janus', ['-F', settings, '-C', join(settings, 'janus.jcfg')], { stdio: ['ignore', 2, 2] });
  const base = `http://127.0.0.1:${port}/janus`;
  let transaction = 0;
  const post = async (path: string, body: object): Promise<Reply> => {
    const text = JSON.stringify({ ...body, transaction: String(transaction++) });
    const reply = (await (await fetch(base + path, { method: 'POST', body: text, signal: AbortSignal.timeout(HTTP_TIMEOUT_MS) })).json()) as Reply;
    if (reply.janus === 'error') throw new Error(`Janus: ${reply.error?.reason}`);
    return reply;
  };
  let session = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      session = (await post('', { janus: 'create' })).data?.id ?? 0;
      break;
    } catch (error) {
      if (attempt === 100 || child.exitCode !== null) throw new Error('Janus did not start', { cause: error });
      await delay(50);
    }
  }
  const offers = new Map<number, (sdp: string) => void>();
  const closed = new AbortController();
  const listen = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      const events = (await (await fetch(`${base}/${session}?maxev=20`, { signal: closed.signal })).json()) as Reply[] | Reply;
      for (const event of Array.isArray(events) ? events : [events])
        if (event.jsep && event.sender !== undefined) offers.get(event.sender)?.(event.jsep.sdp);
    }
  };
  listen().catch((error: unknown) => {
    if (!closed.signal.aborted) process.stderr.write(`Janus's events: ${String(error)}\n`);
  });

  return {
    pid: child.pid ?? 0,
    async watch(mountpoint, answer) {
      const handle = (await post(`/${session}`, { janus: 'attach', plugin: 'janus.plugin.streaming' })).data?.id ?? 0;
      const offered = new Promise<string>((resolve) => offers.set(handle, resolve));
      await post(`/${session}/${handle}`, { janus: 'message', body: { request: 'watch', id: mountpoint } });
      const sdp = await answer(await offered);
      offers.delete(handle);
      await post(`/${session}/${handle}`, { janus: 'message', body: { request: 'start' }, jsep: { type: 'answer', sdp } });
      return handle;
    },
    leave: async (handle) => void (await post(`/${session}/${handle}`, { janus: 'detach' })),
    close() {
      closed.abort();
      child.kill('SIGKILL');
    },
  };
}
