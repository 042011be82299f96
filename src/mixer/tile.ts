import type { Canvas, PlacedPicture, Rgba } from './canvas.ts';

/** One slot of the canvas as it was last told: says only what changes, and draws only then. */
export class Tile {
  #ring: string | undefined;
  #still: string | undefined;
  #label: string | undefined;
  #border: string | undefined;

  constructor(
    readonly slot: number,
    private readonly canvas: Canvas,
  ) {}

  /** @param ring undefined: the still is shown at once */
  showFeed(ring: string | undefined): void {
    if (ring === this.#ring) return;
    this.#ring = ring;
    this.canvas.setFeed(this.slot, ring);
  }

  /** @param key what the still depends on */
  showStill(key: string, draw: () => Rgba): void {
    if (key === this.#still) return;
    this.#still = key;
    this.canvas.setStill(this.slot, draw());
  }

  /** @param key what the label depends on; undefined removes it */
  showLabel(key: string | undefined, draw: () => Omit<PlacedPicture, 'slot'>): void {
    if (key === this.#label) return;
    this.#label = key;
    this.canvas.setPicture(this.slot, key === undefined ? undefined : { ...draw(), slot: this.slot });
  }

  showBorder(border: { thickness: number; colour: string } | undefined): void {
    const key = border && `${border.thickness} ${border.colour}`;
    if (key === this.#border) return;
    this.#border = key;
    this.canvas.setBorder(this.slot, border);
  }

  /** Empty, for the next one. */
  clear(): void {
    this.showFeed(undefined);
    this.showLabel(undefined, () => {
      throw new Error('nothing is drawn');
    });
    this.showBorder(undefined);
    if (this.#still === undefined) return;
    this.#still = undefined;
    this.canvas.setStill(this.slot, undefined);
  }
}
