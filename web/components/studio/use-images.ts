import { useCallback, useState } from 'react';
import { inWords } from '../../api/api-error.ts';
import { api } from '../../api/client.ts';
import type { RoomImage } from '../../api/types.ts';
import { usePolled } from '../../api/use-polled.ts';
import { imageFault, imageNameFor } from './image-name.ts';

export interface Images {
  list: readonly RoomImage[];
  busy: boolean;
  error: string | undefined;
  /** Answers with the picture's name, or undefined when it was not taken; `error` says why. */
  upload: (file: File) => Promise<string | undefined>;
  remove: (name: string) => Promise<void>;
}

/** The pictures that were uploaded to a room. */
export function useImages(room: string, read: () => Promise<string>): Images {
  const polled = usePolled(`images ${room}`, async () => api.images(await read(), room), 10_000);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const list = polled.data ?? [];
  const refresh = polled.refresh;

  const act = useCallback(
    async <T>(notDone: string, work: (token: string) => Promise<T>): Promise<T | undefined> => {
      setBusy(true);
      setError(undefined);
      try {
        return await work(await read());
      } catch (reason) {
        setError(`${notDone} ${inWords(reason)}`);
        return undefined;
      } finally {
        setBusy(false);
        refresh();
      }
    },
    [read, refresh],
  );
  return {
    list,
    busy,
    error,
    upload: async (file) => {
      const fault = imageFault(file);
      if (fault !== undefined) {
        setError(fault);
        return undefined;
      }
      const name = imageNameFor(
        file.name,
        list.map((image) => image.name),
      );
      return act('The picture was not taken.', async (token) => {
        await api.putImage(token, room, name, file);
        return name;
      });
    },
    remove: async (name) => act('The picture was not deleted.', (token) => api.deleteImage(token, room, name)),
  };
}
