/**
 * Local copies of the pictures that a room's overlays name, for its mixer process. Fetched when they are named, checked against their
 * checksum, removed with the mix. One that is missing, too large or broken is left out, logged once, and asked for again after a while.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoomId } from '../domain/ids.ts';
import { ROOM_IMAGE_LIMITS, roomImageKey } from '../domain/room-image.ts';
import type { ImageName, Overlays, RoomDocument, RoomImage } from '../domain/room.ts';
import type { Logger } from '../observability/logger.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const RETRY_MS = 10_000;
const FETCH_MS = 15_000;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

interface Copy {
  sha256: string;
  path: string | undefined;
  fetching: boolean;
  logged: boolean;
  retryAtMs: number;
}

export interface RoomImagesOptions {
  room: RoomId;
  /** Folder for the copies. */
  dir: string;
  store: Pick<ObjectStore, 'get'>;
  log: Logger;
  /** A copy has come: `files` has more to say. */
  arrived: () => void;
}

/** A room's next mix may begin while the one before it takes its copies away: they must not have the same paths. */
let made = 0;

export class RoomImages {
  readonly #number = ++made;
  readonly #copies = new Map<ImageName, Copy>();
  #closed = false;

  constructor(private readonly options: RoomImagesOptions) {
    this.#sweep();
  }

  /** Paths of the copies that are here, by name; the missing ones are fetched in the background. */
  files(document: Pick<RoomDocument, 'overlays' | 'images'>): Record<ImageName, string> {
    const files: Record<ImageName, string> = {};
    const named = imagesNamed(document.overlays);
    for (const image of document.images ?? []) {
      if (!named.has(image.name)) continue;
      const copy = this.#copy(image);
      if (copy.path !== undefined) files[image.name] = copy.path;
      else if (!copy.fetching && performance.now() >= copy.retryAtMs) void this.#fetch(image, copy);
    }
    return files;
  }

  /** Removes the copies. */
  close(): void {
    this.#closed = true;
    for (const { path } of this.#copies.values()) if (path !== undefined) rmSync(path, { force: true });
    this.#copies.clear();
  }

  #copy(image: RoomImage): Copy {
    const known = this.#copies.get(image.name);
    if (known?.sha256 === image.sha256) return known;
    // the mixer has read the old one long ago, or reads it now: its bytes stay as long as it is open
    if (known?.path !== undefined) rmSync(known.path, { force: true });
    const copy: Copy = { sha256: image.sha256, path: undefined, fetching: false, logged: false, retryAtMs: 0 };
    this.#copies.set(image.name, copy);
    return copy;
  }

  async #fetch(image: RoomImage, copy: Copy): Promise<void> {
    const { dir, room, log } = this.options;
    copy.fetching = true;
    try {
      if (!NAME.test(image.name) || !NAME.test(room)) throw new Error('not a name');
      const bytes = await this.#read(image);
      const path = join(dir, `images-${room}-${image.name}-${this.#number}-${process.pid}-${copy.sha256.slice(0, 16)}`);
      await writeFile(`${path}.part`, bytes);
      await rename(`${path}.part`, path);
      if (this.#closed || this.#copies.get(image.name) !== copy) {
        await rm(path, { force: true });
        return;
      }
      copy.path = path;
      this.options.arrived();
    } catch (error) {
      copy.retryAtMs = performance.now() + RETRY_MS;
      if (!copy.logged) log.warn({ image: image.name, err: error }, 'a picture of the overlays is left out');
      copy.logged = true;
    } finally {
      copy.fetching = false;
    }
  }

  async #read(image: RoomImage): Promise<Buffer> {
    const object = await this.options.store.get(roomImageKey(this.options.room, image));
    if (!object) throw new Error('not in the object store');
    const timer = setTimeout(() => object.stream.destroy(new Error(`not read within ${FETCH_MS} ms`)), FETCH_MS);
    try {
      const pieces: Buffer[] = [];
      let length = 0;
      for await (const piece of object.stream as AsyncIterable<Buffer>) {
        length += piece.length;
        if (length > ROOM_IMAGE_LIMITS.bytes) throw new Error('too large');
        pieces.push(piece);
      }
      const bytes = Buffer.concat(pieces);
      if (createHash('sha256').update(bytes).digest('hex') !== image.sha256) throw new Error('another file than was uploaded');
      return bytes;
    } finally {
      clearTimeout(timer);
      object.stream.destroy();
    }
  }

  /** What workers that were killed have left. */
  #sweep(): void {
    const { dir, room } = this.options;
    try {
      for (const name of readdirSync(dir)) {
        const pid = name.startsWith(`images-${room}-`) ? /-(\d+)-[0-9a-f]{16}(\.part)?$/.exec(name)?.[1] : undefined;
        if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dir, name), { force: true });
      }
    } catch {
      // no folder yet
    }
  }
}

function imagesNamed({ watermark, slate, background }: Overlays): Set<ImageName> {
  const names = [watermark?.image, slate?.image, typeof background === 'object' ? background.image : undefined];
  return new Set(names.filter((name) => name !== undefined));
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
