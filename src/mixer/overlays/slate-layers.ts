/** The slate and its clock. The clock is on top and comes only when the slate is there, which takes a moment when it has a picture. */
import type { VideoFormat } from '../../domain/room.ts';
import type { Rgba } from '../canvas.ts';
import type { MixRoom } from '../mix-ipc.ts';
import { clockText, drawClock, drawSlate, planSlate, type SlateText } from './draw-slate.ts';
import type { ImageLoader } from './image-loader.ts';
import { placed, type DrawnPicture, type Layer } from './layer.ts';
import { loadCover } from './overlay-image.ts';
import { overlayMeasures, type OverlayBox } from './place-overlays.ts';
import { plainText } from './text.ts';

const LONGEST_TEXT = 200;

interface Clock {
  untilMs: number;
  box: OverlayBox;
  fadeMs: number;
}

export class SlateLayers {
  #clock: Clock | undefined;
  /** What its width was chosen for: it does not move when it goes below an hour. */
  #sample: { untilMs: number; text: string } | undefined;

  constructor(
    private readonly base: Layer,
    private readonly digits: Layer,
    private readonly images: ImageLoader,
  ) {}

  change({ overlays: { slate }, images }: MixRoom, format: VideoFormat, nowMs: number, fadeMs: number): void {
    if (!slate) {
      this.hide();
      return;
    }
    const { width, height } = format;
    const m = overlayMeasures(format);
    const text: SlateText = { text: plainText(slate.text, LONGEST_TEXT), subtitle: plainText(slate.subtitle ?? '', LONGEST_TEXT) };
    const untilMs = slate.until === undefined ? Number.NaN : Date.parse(slate.until);
    const sample = Number.isNaN(untilMs) ? undefined : this.#sampleOf(untilMs, nowMs);
    const plan = planSlate(text, sample, width, height, m);
    const clock = plan.clock && { untilMs, box: plan.clock, fadeMs };
    const shown = (): void => {
      this.#clock = clock;
      this.tick(nowMs);
    };
    const draw = (picture?: Rgba): DrawnPicture => placed(drawSlate(plan, width, height, m, picture), 0, 0, fadeMs);
    const path = slate.image === undefined ? undefined : images[slate.image];
    const key = JSON.stringify([text, untilMs, plan.clock, path, width, height]);
    if (path === undefined) this.base.show(key, () => draw(), shown);
    else this.base.showLater(key, async () => draw(await this.images.load(path, () => loadCover(path, width, height))), shown);
  }

  /** Draws the clock when its text has changed: once a second, until it stays at 00:00. */
  tick(nowMs: number): void {
    const clock = this.#clock;
    if (!clock) {
      this.digits.hide();
      return;
    }
    const text = clockText(clock.untilMs - nowMs);
    const { box, fadeMs } = clock;
    this.digits.show(JSON.stringify([text, box]), () => placed(drawClock(text, box), box.x, box.y, fadeMs));
  }

  hide(): void {
    this.#clock = undefined;
    this.#sample = undefined;
    this.base.hide();
    this.digits.hide();
  }

  #sampleOf(untilMs: number, nowMs: number): string {
    if (this.#sample?.untilMs !== untilMs) this.#sample = { untilMs, text: clockText(untilMs - nowMs) };
    return this.#sample.text;
  }
}
