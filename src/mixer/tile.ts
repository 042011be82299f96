import type { Canvas, Rgba } from './canvas.ts';
import type { LabelPlace } from './label-place.ts';

export interface WantedLabel {
  /** What it depends on. */
  key: string;
  draw: () => Rgba;
  /** By its size; undefined: there is no room for it. */
  place: (label: Rgba) => LabelPlace | undefined;
}

/** One slot of the canvas as it was last told: says only what changes, and draws only then. */
export class Tile {
  #ring: string | undefined;
  #still: string | undefined;
  #label: { key: string; drawn: Rgba } | undefined;
  /** Which label the canvas has, and where. */
  #said: string | undefined;
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

  /** Drawn when its key changes; told to the canvas when it is another one or goes elsewhere. */
  showLabel(wanted: WantedLabel | undefined): void {
    if (!wanted) this.#label = undefined;
    else if (wanted.key !== this.#label?.key) this.#label = { key: wanted.key, drawn: wanted.draw() };
    const drawn = this.#label?.drawn;
    const at = drawn && wanted?.place(drawn);
    const said = at && `${at.x},${at.y} ${wanted?.key}`;
    if (said === this.#said) return;
    this.#said = said;
    this.canvas.setPicture(this.slot, at && { ...drawn, ...at, z: 0, slot: this.slot });
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
    this.showLabel(undefined);
    this.showBorder(undefined);
    if (this.#still === undefined) return;
    this.#still = undefined;
    this.canvas.setStill(this.slot, undefined);
  }
}
