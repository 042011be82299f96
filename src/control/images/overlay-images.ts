import type { ImageName, Overlays } from '../../domain/room.ts';

/** The pictures that overlays name, each with the JSON pointer of the place. Pure. */
export function overlayImages(overlays: { [K in keyof Overlays]?: Overlays[K] | null }): { pointer: string; name: ImageName }[] {
  const { watermark, slate, background } = overlays;
  const named = {
    '/watermark/image': watermark?.image,
    '/slate/image': slate?.image,
    '/background/image': typeof background === 'object' ? background?.image : undefined,
  };
  return Object.entries(named).flatMap(([pointer, name]) => (name === undefined ? [] : [{ pointer, name }]));
}
