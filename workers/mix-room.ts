/**
 * One room's mix: a child of the mixer worker. Started ahead of need it loads everything, builds the graph and waits for `start`.
 * It ends with its parent, and always hard: threads that wait inside GStreamer would keep `process.exit()` from returning.
 */
import { GraphHost, type GraphEvents } from '../src/mixer/graph-host.ts';
import { HEARTBEAT_MS, type FromMix, type ToMix } from '../src/mixer/mix-ipc.ts';
import { RoomMix } from '../src/mixer/room-mix.ts';
import { LoopDelay } from '../src/observability/loop-delay.ts';

const SPARE_FORMAT = { width: 1280, height: 720, frameRate: 30 };
const LOOP_LOOK_MS = 100;

process.title = 'tessera-mixer (spare)';

let mix: RoomMix | undefined;
const delay = new LoopDelay(LOOP_LOOK_MS);

// the graph of a spare is built before anybody listens to it
let listener: GraphEvents | undefined;
const spare = new GraphHost(SPARE_FORMAT, {
  initReady: (init) => listener?.initReady(init),
  unitReady: (unit) => listener?.unitReady(unit),
  failed: (error) => listener?.failed(error),
});

function end(): never {
  mix?.close();
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

function report(message: FromMix): void {
  if (!process.connected) end();
  process.send?.(message, () => {
    if (message.type === 'failed') end();
  });
}

process.on('message', (message: ToMix) => {
  switch (message.type) {
    case 'start': {
      if (mix) return;
      process.title = `tessera-mixer ${message.room.id}`;
      mix = new RoomMix(
        {
          ...message,
          prepared: (events) => {
            const { width, height, frameRate } = message.room.video;
            if (width !== SPARE_FORMAT.width || height !== SPARE_FORMAT.height || frameRate !== SPARE_FORMAT.frameRate) return undefined;
            listener = events;
            return spare;
          },
        },
        report,
      );
      mix.start();
      delay.start();
      setInterval(() => {
        if (mix) report({ type: 'heartbeat', stats: mix.heartbeat(delay.p99Ms) });
      }, HEARTBEAT_MS);
      setInterval(() => delay.reset(), 10_000);
      return;
    }
    case 'room':
      mix?.changeRoom(message.room);
      return;
    case 'caption':
      mix?.caption(message.caption);
      return;
    case 'stop':
      end();
  }
});
process.on('disconnect', end);
process.on('SIGTERM', end);
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole group; the worker decides
process.on('uncaughtException', (error) => {
  report({ type: 'failed', code: 'graphFailed', detail: error.message });
});

report({ type: 'loaded' });
