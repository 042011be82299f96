/** Pictures of a room: checked, put into the object store, and named in the room's document. */
import { createHash } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { ROOM_IMAGE_LIMITS, roomImageKey } from '../../domain/room-image.ts';
import type { ImageName, RoomDocument, RoomImage } from '../../domain/room.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ImageFiles, State } from '../dependencies.ts';
import { ImageCheck } from '../images/image-check.ts';
import { overlayImages } from '../images/overlay-images.ts';
import type { RoomChanges } from './room-changes.ts';

export class ImageCommands {
  readonly #check = new ImageCheck();
  /** One at a time per room, so that the file in the store is the one that the document speaks of. */
  readonly #turns = new Map<RoomId, Promise<unknown>>();

  constructor(
    private readonly state: Pick<State, 'rooms'>,
    private readonly files: ImageFiles,
    private readonly changes: RoomChanges,
    private readonly log: Logger,
  ) {}

  /**
   * Adds a picture or replaces the one of this name.
   * @throws AppError unusableImage, overloaded, wrongState (too many), roomNotFound, roomEnded, storageFailed
   */
  async put(room: RoomDocument, name: ImageName, contentType: RoomImage['contentType'], file: Buffer): Promise<{ image: RoomImage; created: boolean }> {
    requirePlace(room, name);
    const { width, height } = await this.#check.run(file, contentType);
    const image: RoomImage = { name, contentType, width, height, bytes: file.length, sha256: createHash('sha256').update(file).digest('hex') };
    return this.#inTurn(room.id, async () => {
      let created = true;
      await this.files.put(roomImageKey(room.id, name), file, { contentType, sha256: image.sha256 });
      try {
        await this.changes.change(room.id, (now) => {
          requirePlace(now, name);
          const others = (now.images ?? []).filter((i) => i.name !== name);
          created = others.length === (now.images ?? []).length;
          return { ...now, images: [...others, image].sort((a, b) => (a.name < b.name ? -1 : 1)) };
        });
      } catch (error) {
        await this.#removeUnnamed(room.id, name);
        throw error;
      }
      return { image, created };
    });
  }

  /** @throws AppError imageNotFound; wrongState while an overlay shows it; roomNotFound, roomEnded */
  async delete(room: RoomId, name: ImageName): Promise<void> {
    await this.#inTurn(room, async () => {
      await this.changes.change(room, (now) => {
        const images = now.images ?? [];
        if (!images.some((i) => i.name === name)) throw new AppError('imageNotFound');
        const shown = overlayImages(now.overlays).filter((use) => use.name === name);
        if (shown.length > 0) throw new AppError('wrongState', { detail: `Overlays show this picture: ${shown.map((use) => use.pointer.split('/')[1]).join(', ')}. Clear them first.` });
        return { ...now, images: images.filter((i) => i.name !== name) };
      });
      await this.#removeUnnamed(room, name);
    });
  }

  /** What cannot be deleted now goes with the next upload of that name, or with the room. */
  async #removeUnnamed(id: RoomId, name: ImageName): Promise<void> {
    try {
      const room = await this.state.rooms.get(id);
      if (!room?.images?.some((i) => i.name === name)) await this.files.delete(roomImageKey(id, name));
    } catch (error) {
      this.log.warn({ err: error, room: id, image: name }, 'a picture stays behind in the object store');
    }
  }

  async #inTurn<T>(room: RoomId, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(room) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#turns.set(room, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(room) === settled) this.#turns.delete(room);
    }
  }
}

function requirePlace({ images = [] }: RoomDocument, name: ImageName): void {
  if (images.length >= ROOM_IMAGE_LIMITS.perRoom && !images.some((i) => i.name === name))
    throw new AppError('wrongState', { detail: `A room has at most ${ROOM_IMAGE_LIMITS.perRoom} pictures. Delete one first.` });
}
