import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoomId } from '../domain/ids.ts';
import { ROOM_IMAGE_LIMITS, roomImageKey } from '../domain/room-image.ts';
import type { RoomImage } from '../domain/room.ts';
import type { Logger } from '../observability/logger.ts';
import { RoomImages } from './room-images.ts';

const ROOM = 'room' as RoomId;
let dir: string;
const objects = new Map<string, Buffer>();
const warn = vi.fn();

beforeEach(() => {
  dir = mkdtempSync('/tmp/tessera-images-');
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  objects.clear();
  warn.mockReset();
});

function uploaded(name: string, bytes: Buffer): RoomImage {
  objects.set(roomImageKey(ROOM, { name }), bytes);
  return { name, contentType: 'image/png', width: 2, height: 2, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
function images() {
  const arrived = vi.fn();
  const store = {
    get: (key: string) => {
      const bytes = objects.get(key);
      return Promise.resolve(bytes && { stream: Readable.from([bytes]), bytes: bytes.length, totalBytes: bytes.length, contentType: 'image/png' });
    },
  };
  return { arrived, copies: new RoomImages({ room: ROOM, dir, store, log: { warn } as unknown as Logger, arrived }) };
}
const naming = (image: string) => ({ labels: false, watermark: { image, corner: 'topLeft' as const, opacity: 1, scale: 0.1 } });

describe('RoomImages', () => {
  it('fetches what the overlays name, follows a new upload of the name, and leaves nothing behind', async () => {
    const { copies, arrived } = images();
    const list = [uploaded('logo', Buffer.from('one')), uploaded('unused', Buffer.from('two'))];
    expect(copies.files({ overlays: naming('logo'), images: list })).toEqual({});
    await vi.waitFor(() => expect(arrived).toHaveBeenCalledTimes(1));
    const first = copies.files({ overlays: naming('logo'), images: list }).logo as string;
    expect(readFileSync(first, 'utf8')).toBe('one');
    expect(readdirSync(dir)).toHaveLength(1);

    const replaced = [uploaded('logo', Buffer.from('three'))];
    copies.files({ overlays: naming('logo'), images: replaced });
    await vi.waitFor(() => expect(arrived).toHaveBeenCalledTimes(2));
    const second = copies.files({ overlays: naming('logo'), images: replaced }).logo as string;
    expect([second === first, readFileSync(second, 'utf8'), existsSync(first)]).toEqual([false, 'three', false]);
    copies.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  it('keeps its copies when those of the mix before are taken away', async () => {
    const [before, after] = [images(), images()];
    const list = [uploaded('logo', Buffer.from('one'))];
    for (const { copies, arrived } of [before, after]) {
      copies.files({ overlays: naming('logo'), images: list });
      await vi.waitFor(() => expect(arrived).toHaveBeenCalledTimes(1));
    }
    before.copies.close();
    expect(readFileSync(after.copies.files({ overlays: naming('logo'), images: list }).logo as string, 'utf8')).toBe('one');
    after.copies.close();
  });

  it.each([
    ['is missing', (image: RoomImage) => void objects.delete(roomImageKey(ROOM, image))],
    ['is another file', (image: RoomImage) => void objects.set(roomImageKey(ROOM, image), Buffer.from('other'))],
    ['is too large', (image: RoomImage) => void objects.set(roomImageKey(ROOM, image), Buffer.alloc(ROOM_IMAGE_LIMITS.bytes + 1))],
  ])('leaves out one that %s, and says so once', async (_, spoil) => {
    const { copies, arrived } = images();
    const image = uploaded('logo', Buffer.from('one'));
    spoil(image);
    for (let i = 0; i < 3; i++) {
      expect(copies.files({ overlays: naming('logo'), images: [image] })).toEqual({});
      await vi.waitFor(() => expect(warn).toHaveBeenCalled());
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(arrived).not.toHaveBeenCalled();
    copies.close();
  });

  it('makes no path of a name that is none', async () => {
    const { copies } = images();
    const image = uploaded('../../etc/x', Buffer.from('one'));
    copies.files({ overlays: naming('../../etc/x'), images: [image] });
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1));
    expect(readdirSync(dir)).toEqual([]);
    copies.close();
  });

  it('sweeps what a dead worker left for this room, and nothing else', () => {
    const dead = `images-${ROOM}-logo-4194305-0123456789abcdef`; // above the largest process id
    const others = [`images-${ROOM}-logo-${process.pid}-0123456789abcdef`, 'images-other-logo-4194305-0123456789abcdef', 'feeds-room.sock'];
    for (const name of [dead, ...others]) writeFileSync(join(dir, name), '');
    images().copies.close();
    expect(readdirSync(dir).sort()).toEqual([...others].sort());
  });
});
