import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { pngFile } from '../../../test/support/images.ts';
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { roomImageKey } from '../../domain/room-image.ts';
import type { ImageName, RoomDocument } from '../../domain/room.ts';
import { ImageCommands } from './image-commands.ts';

const ROOM = 'r1' as RoomId;
const LOGO = 'logo' as ImageName;

/** What control processes share: a document that is written when nobody else wrote in between, and files. Everything takes a while. */
function shared() {
  let document = { id: ROOM, overlays: { labels: true } } as RoomDocument;
  const files = new Map<string, Buffer>();
  let turn = 0;
  /** Differently long each time, so that whatever may overtake does. */
  const while_ = async (): Promise<void> => {
    for (let i = (turn = (turn * 7 + 3) % 11); i >= 0; i--) await new Promise((resolve) => setImmediate(resolve));
  };
  const lost = { answers: 0 };
  const process = (): ImageCommands =>
    new ImageCommands(
      { rooms: { get: async () => (await while_(), document) } },
      {
        put: async (key, body) => {
          await while_();
          files.set(key, body);
        },
        delete: async (key) => {
          await while_();
          files.delete(key);
        },
      },
      {
        change: async (_id, apply) => {
          for (;;) {
            const read = document;
            await while_();
            const next = apply(read);
            if (read !== document) continue;
            document = next;
            if (lost.answers-- > 0) throw new AppError('overloaded');
            return next;
          }
        },
      },
      pino({ level: 'silent' }),
    );
  return { process, files, lost, images: () => document.images ?? [], document: () => document };
}

const consistent = ({ files, images }: ReturnType<typeof shared>): void => {
  expect([...files.keys()].sort()).toEqual(images().map((image) => roomImageKey(ROOM, image)).sort());
  for (const image of images()) expect(files.get(roomImageKey(ROOM, image))?.length).toBe(image.bytes);
};

describe('pictures through two control processes', () => {
  it('of one name, uploaded and deleted at once, end as the document says, with exactly its files', async () => {
    const store = shared();
    const processes = [store.process(), store.process()];
    const files = [1, 2, 3].map((n) => pngFile({ width: 8 * n, height: 8 }));

    for (let round = 0; round < 10; round++) {
      const work = Array.from({ length: 6 }, (_v, i) => {
        const commands = processes[i % 2] as ImageCommands;
        return i === 3 ? commands.delete(ROOM, LOGO).catch(() => undefined) : commands.put(store.document(), LOGO, 'image/png', files[(i + round) % 3] as Buffer);
      });
      await Promise.all(work);
      consistent(store);
    }
    // whether a deletion came last is chance
    await processes[0]?.put(store.document(), LOGO, 'image/png', files[0] as Buffer);
    expect(store.images()).toHaveLength(1);
    consistent(store);
  });

  it('keeps the file of an upload whose answer was lost', async () => {
    const store = shared();
    store.lost.answers = 1;

    await expect(store.process().put(store.document(), LOGO, 'image/png', pngFile({ width: 8, height: 8 }))).rejects.toMatchObject({ code: 'overloaded' });

    expect(store.images()).toHaveLength(1);
    consistent(store);
  });
});
