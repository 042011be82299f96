/** One picture of the canvas: told to it only when what it is made of has changed. What is slow to make comes later, unless it is no longer wanted. */
import type { Canvas, PlacedPicture, Rgba } from '../canvas.ts';
import type { OverlayBox } from './place-overlays.ts';

/** With its place on the canvas; the layer knows its height. */
export type DrawnPicture = Omit<PlacedPicture, 'slot' | 'z'>;

/** @param x left edge, made even; `y` likewise */
export function placed(picture: Rgba, x: number, y: number, fadeMs: number): DrawnPicture {
  return { ...picture, x: 2 * Math.round(x / 2), y: 2 * Math.round(y / 2), fadeMs };
}

export class Layer {
  #key: string | undefined;
  #shown: OverlayBox | undefined;

  constructor(
    private readonly canvas: Pick<Canvas, 'setPicture'>,
    private readonly id: number,
    private readonly z: number,
  ) {}

  /**
   * @param key names everything that the picture depends on; called again with the same one nothing happens
   * @param draw undefined: there is nothing to show
   */
  show(key: string, draw: () => DrawnPicture | undefined, shown?: () => void): void {
    if (this.#key === key) return;
    this.#key = key;
    this.#put(draw());
    shown?.();
  }

  /** Until it is drawn the one before stays. `draw` must not reject. @param shown called when it is there */
  showLater(key: string, draw: () => Promise<DrawnPicture | undefined>, shown?: () => void): void {
    if (this.#key === key) return;
    this.#key = key;
    void draw().then((picture) => {
      if (this.#key !== key) return;
      this.#put(picture);
      shown?.();
    });
  }

  hide(): void {
    this.#key = undefined;
    this.#put(undefined);
  }

  /** Of the picture that is shown. */
  get box(): OverlayBox | undefined {
    return this.#shown;
  }

  #put(picture: DrawnPicture | undefined): void {
    if (picture) this.canvas.setPicture(this.id, { ...picture, z: this.z });
    else if (this.#shown) this.canvas.setPicture(this.id, undefined);
    this.#shown = picture && { x: picture.x, y: picture.y, width: picture.width, height: picture.height };
  }
}
