/**
 * Pictures of a room: checked, put into the object store, and named in the room's document. Each upload has a file of its own, and only
 * whoever takes it out of the document removes it: uploads and deletions of one name at the same time, also through several control
 * processes, end with the document's last word and exactly its file.
 */
import { createHash, randomUUID } from 'node:crypto';
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

  constructor(
    private readonly state: { rooms: Pick<State['rooms'], 'get'> },
    private readonly files: Pick<ImageFiles, 'put' | 'delete'>,
    private readonly changes: Pick<RoomChanges, 'change'>,
    private readonly log: Logger,
  ) {}

  /**
   * Adds a picture or replaces the one of this name.
   * @throws AppError unusableImage, overloaded, wrongState (too many), roomNotFound, roomEnded, storageFailed
   */
  async put(room: RoomDocument, name: ImageName, contentType: RoomImage['contentType'], file: Buffer): Promise<{ image: RoomImage; created: boolean }> {
    requirePlace(room, name);
    const { width, height } = await this.#check.run(file, contentType);
    const image: RoomImage = { name, contentType, width, height, bytes: file.length, sha256: createHash('sha256').update(file).digest('hex'), upload: randomUUID() };
    let replaced: RoomImage | undefined;
    await this.files.put(roomImageKey(room.id, image), file, { contentType, sha256: image.sha256 });
    try {
      await this.changes.change(room.id, (now) => {
        requirePlace(now, name);
        const images = now.images ?? [];
        replaced = images.find((i) => i.name === name);
        return { ...now, images: [...images.filter((i) => i.name !== name), image].sort((a, b) => (a.name < b.name ? -1 : 1)) };
      });
    } catch (error) {
      await this.#removeUnnamed(room.id, image);
      throw error;
    }
    if (replaced) await this.#remove(room.id, replaced);
    return { image, created: replaced === undefined };
  }

  /** @throws AppError imageNotFound; wrongState while an overlay shows it; roomNotFound, roomEnded */
  async delete(room: RoomId, name: ImageName): Promise<void> {
    let removed: RoomImage | undefined;
    await this.changes.change(room, (now) => {
      const images = now.images ?? [];
      removed = images.find((i) => i.name === name);
      if (!removed) throw new AppError('imageNotFound');
      const shown = overlayImages(now.overlays).filter((use) => use.name === name);
      if (shown.length > 0) throw new AppError('wrongState', { detail: `Overlays show this picture: ${shown.map((use) => use.pointer.split('/')[1]).join(', ')}. Clear them first.` });
      return { ...now, images: images.filter((i) => i.name !== name) };
    });
    if (removed) await this.#remove(room, removed);
  }

  /** After a failure nobody knows whether the document was changed: the answer may have been lost. */
  async #removeUnnamed(id: RoomId, image: RoomImage): Promise<void> {
    const room = await this.state.rooms.get(id).catch((error: unknown) => {
      this.log.warn({ err: error, room: id, image: image.name }, 'a picture may stay behind in the object store');
      return 'unknown' as const;
    });
    if (room === 'unknown' || room?.images?.some((i) => i.upload === image.upload)) return;
    await this.#remove(id, image);
  }

  /** A file that cannot be deleted now goes with the room. */
  async #remove(room: RoomId, image: RoomImage): Promise<void> {
    try {
      await this.files.delete(roomImageKey(room, image));
    } catch (error) {
      this.log.warn({ err: error, room, image: image.name }, 'a picture stays behind in the object store');
    }
  }
}

function requirePlace({ images = [] }: RoomDocument, name: ImageName): void {
  if (images.length >= ROOM_IMAGE_LIMITS.perRoom && !images.some((i) => i.name === name))
    throw new AppError('wrongState', { detail: `A room has at most ${ROOM_IMAGE_LIMITS.perRoom} pictures. Delete one first.` });
}
