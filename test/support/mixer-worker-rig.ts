/** The mixer role as processes of its own, with a real Redis, around a {@link MixerRig} that feeds it and takes its programme. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../../src/config/paths.ts';
import type { NodeId } from '../../src/domain/ids.ts';
import type { RoomDocument } from '../../src/domain/room.ts';
import { Queues } from '../../src/queue/queues.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { RoomStore } from '../../src/state/room-store.ts';
import { MixerRig, plainPicture, RIG_ROOM } from './mixer-rig.ts';
import { processTree } from './process.ts';
import { startTestRedis, type TestRedis } from './redis.ts';

export const NODE = 'rig-node' as NodeId;

export class MixerWorkerRig {
  readonly #workers = new Set<ChildProcess>();

  private constructor(
    readonly rig: MixerRig,
    readonly server: TestRedis,
    readonly redis: Redis,
    readonly rooms: RoomStore,
    readonly queues: Queues,
  ) {}

  /** With the room, one red camera and silent sound. */
  static async open(): Promise<MixerWorkerRig> {
    const server = await startTestRedis();
    const rig = new MixerRig();
    await rig.open();
    const redis = connectRedis(server.url);
    const rooms = new RoomStore(redis);
    const { id, layout, overlays, video } = rig.room();
    const document: RoomDocument = { id, name: 'rig', createdAt: new Date().toISOString(), layout, overlays, video, access: 'open', autoRecord: false };
    await rooms.create(document);
    const red = plainPicture(640, 360, 81, 90, 240);
    rig.feeds.add(() => red);
    rig.feeds.startSound(() => 0);
    return new MixerWorkerRig(rig, server, redis, rooms, new Queues(server.url));
  }

  startWorker(): ChildProcess {
    const child = spawn(process.execPath, ['--import', 'tsx', join(repoRoot, 'workers/mixer.ts')], {
      cwd: repoRoot,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        ...process.env,
        TESSERA_REDIS_URL: this.server.url,
        TESSERA_RUN_DIR: this.rig.dir,
        TESSERA_DATA_DIR: join(this.rig.dir, 'data'),
        TESSERA_NODE_ID: NODE,
        TESSERA_LOG_LEVEL: 'warn',
      },
    });
    this.#workers.add(child);
    return child;
  }

  /** The room's mix is wanted and its job is in the queue. */
  async askForMix(): Promise<void> {
    await this.rooms.setMixWanted(RIG_ROOM, true);
    await this.queues.add('mix', `mix-${RIG_ROOM}`, { room: RIG_ROOM }, NODE);
  }

  /** The mixer processes below a worker, by whether they have a room. */
  mixersOf(worker: ChildProcess): { mixing: number[]; spare: number[] } {
    const titles = processTree(worker.pid as number).map((pid) => {
      const path = `/proc/${pid}/cmdline`;
      return { pid, title: existsSync(path) ? readFileSync(path, 'utf8').replace(/\0/g, ' ').trim() : '' };
    });
    return {
      mixing: titles.filter((t) => t.title.startsWith(`tessera-mixer ${RIG_ROOM}`)).map((t) => t.pid),
      spare: titles.filter((t) => t.title.startsWith('tessera-mixer (spare)')).map((t) => t.pid),
    };
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) worker.kill('SIGKILL');
    await this.queues.close();
    this.redis.disconnect();
    await this.rig.close();
    await this.server.close();
  }
}
