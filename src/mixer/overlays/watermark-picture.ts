/** The watermark as it was drawn last: it is placed by its size, which is known only when its picture has been loaded. */
import type { Overlays, VideoFormat } from '../../domain/room.ts';
import type { Rgba } from '../canvas.ts';
import type { MixRoom } from '../mix-ipc.ts';
import { drawWatermark } from './draw-watermark.ts';
import type { ImageLoader } from './image-loader.ts';
import { loadOverlayImage } from './overlay-image.ts';
import { overlayMeasures } from './place-overlays.ts';
import { plainText } from './text.ts';

const LONGEST_TEXT = 200;

export class WatermarkPicture {
  #key: string | undefined;
  #drawn: { key: string; picture: Rgba } | undefined;

  /** @param drawn called when a picture that had to be loaded is there */
  constructor(
    private readonly images: ImageLoader,
    private readonly drawn: () => void,
  ) {}

  /** Undefined: none, or not yet. `key` names what it was made of. */
  get current(): { key: string; picture: Rgba } | undefined {
    return this.#drawn;
  }

  change({ overlays, images }: MixRoom, format: VideoFormat): void {
    const wanted: Overlays['watermark'] = overlays.watermark;
    const text = plainText(wanted?.text ?? '', LONGEST_TEXT);
    const path = wanted?.image === undefined ? undefined : images[wanted.image];
    if (!wanted || (text === '' && path === undefined)) {
      this.clear();
      return;
    }
    const { scale } = wanted;
    const { width, height } = format;
    const key = JSON.stringify([text, path, scale, width, height]);
    if (this.#key === key) return;
    this.#key = key;
    const m = overlayMeasures(format);
    if (path === undefined) {
      this.#keep(key, drawWatermark({ text, image: undefined, scale }, width, m));
      return;
    }
    // the one before stays until this one is drawn
    void this.images
      .load(path, async () => drawWatermark({ text, image: await loadOverlayImage(path, scale * width, m.watermarkHeight), scale }, width, m))
      .then((loaded) => {
        if (this.#key !== key) return;
        this.#keep(key, loaded ?? drawWatermark({ text, image: undefined, scale }, width, m));
        this.drawn();
      });
  }

  clear(): void {
    this.#key = undefined;
    this.#drawn = undefined;
  }

  #keep(key: string, picture: Rgba | undefined): void {
    this.#drawn = picture && { key, picture };
  }
}
