/**
 * What lies over and under the tiles as a whole: watermark, lower third, banner, captions, badge, slate, background. Draws only what has
 * changed; between changes a tick costs some comparisons.
 */
import type { CaptionLine, VideoFormat } from '../../domain/room.ts';
import type { Canvas } from '../canvas.ts';
import type { MixRoom } from '../mix-ipc.ts';
import { CaptionLines } from './caption-lines.ts';
import { drawBadge } from './draw-badge.ts';
import { bannerRows, drawBanner } from './draw-banner.ts';
import { drawCaptions } from './draw-captions.ts';
import { drawLowerThird } from './draw-lower-third.ts';
import { ImageLoader } from './image-loader.ts';
import { Layer, placed, type DrawnPicture } from './layer.ts';
import { loadCover } from './overlay-image.ts';
import { badgeSize, overlayMeasures, placeOverlays, type OverlayBox, type OverlayBoxes, type OverlayMeasures, type WantedOverlays } from './place-overlays.ts';
import { SlateLayers } from './slate-layers.ts';
import { plainText } from './text.ts';
import { WatermarkPicture } from './watermark-picture.ts';

/** Pictures of tiles have the ids below. */
export const FIRST_OVERLAY_ID = 1000;
const FADE_MS = 250;
const CAPTION_FADE_MS = 100;
/** Where a room asks for none; the canvas's own. */
const DEFAULT_BACKGROUND = '#000000';
const LONGEST_TEXT = 200;
/** From below to above; all but the background over the tiles. */
const ORDER = ['background', 'watermark', 'badge', 'banner', 'lowerThird', 'captions', 'slate', 'clock'] as const;
type LayerName = (typeof ORDER)[number];
const FIRST_Z = 100;

export interface CanvasOverlaysOptions {
  /** A picture that cannot be shown is left out; told once for each file. */
  imageFailed?: (path: string, error: unknown) => void;
  /** What of the tiles lies under overlays, when that changes. Captions count as long as they may come. */
  covered?: (boxes: OverlayBox[]) => void;
  /** Wall clock as `tick` is told it, for what comes between two ticks. Default `Date.now`. */
  now?: () => number;
}

export class CanvasOverlays {
  readonly #layers: Record<LayerName, Layer>;
  readonly #captions = new CaptionLines();
  readonly #images: ImageLoader;
  readonly #watermark: WatermarkPicture;
  readonly #slate: SlateLayers;
  readonly #now: () => number;
  #format: VideoFormat;
  #room: MixRoom | undefined;
  #boxes: OverlayBoxes = {};
  #covered = '[]';
  #background = DEFAULT_BACKGROUND;
  #animated = true;
  #closed = false;

  constructor(
    private readonly canvas: Canvas,
    format: VideoFormat,
    private readonly options: CanvasOverlaysOptions = {},
  ) {
    this.#format = format;
    this.#now = options.now ?? Date.now;
    const layer = (name: LayerName): Layer => new Layer(canvas, FIRST_OVERLAY_ID + ORDER.indexOf(name), name === 'background' ? -1 : FIRST_Z + ORDER.indexOf(name));
    this.#layers = Object.fromEntries(ORDER.map((name) => [name, layer(name)])) as Record<LayerName, Layer>;
    this.#images = new ImageLoader((path, error) => options.imageFailed?.(path, error));
    this.#watermark = new WatermarkPicture(this.#images, () => this.#place());
    this.#slate = new SlateLayers(this.#layers.slate, this.#layers.clock, this.#images);
  }

  change(room: MixRoom): void {
    if (this.#closed) return;
    this.#room = room;
    this.#format = room.video;
    if (room.overlays.captions !== true) this.#captions.clear();
    this.#applyBackground(room);
    this.#watermark.change(room, this.#format);
    this.#place();
    this.#slate.change(room, this.#format, this.#now(), this.#fade(FADE_MS));
  }

  /** Dropped while captions are off. */
  caption(line: CaptionLine): void {
    if (this.#closed || this.#room?.overlays.captions !== true) return;
    const nowMs = this.#now();
    this.#captions.expire(nowMs);
    this.#captions.push(line, nowMs);
    this.#applyCaptions();
  }

  /** For clock and captions: some times a second. @param nowMs wall clock, Unix time in ms */
  tick(nowMs: number): void {
    if (this.#closed) return;
    this.#captions.expire(nowMs);
    this.#applyCaptions();
    this.#slate.tick(nowMs);
  }

  /** Without animation overlays come and go at once. */
  setAnimated(animated: boolean): void {
    this.#animated = animated;
  }

  /** Takes away what it has shown. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#images.close();
    this.#watermark.clear();
    this.#slate.hide();
    for (const layer of Object.values(this.#layers)) layer.hide();
  }

  #fade(ms: number): number {
    return this.#animated ? ms : 0;
  }

  #applyBackground({ overlays: { background }, images }: MixRoom): void {
    const colour = typeof background === 'string' && /^#[0-9a-f]{6}$/i.test(background) ? background : DEFAULT_BACKGROUND;
    if (colour !== this.#background) this.canvas.setBackground(colour);
    this.#background = colour;
    const path = typeof background === 'object' ? images[background.image] : undefined;
    const { width, height } = this.#format;
    if (path === undefined) this.#layers.background.hide();
    else
      this.#layers.background.showLater(`${path} ${width}x${height}`, async () => {
        const cover = await this.#images.load(path, () => loadCover(path, width, height));
        return cover && placed(cover, 0, 0, this.#fade(FADE_MS));
      });
  }

  /** Everything that shares the canvas's edges. */
  #place(): void {
    if (!this.#room || this.#closed) return;
    const { overlays, recording } = this.#room;
    const m = overlayMeasures(this.#format);
    const rows = bannerRows(plainText(overlays.banner?.text ?? '', LONGEST_TEXT), this.#format.width, m);
    // a lower third with its second line only is one line
    const [title = '', subtitle = ''] = [overlays.lowerThird?.title, overlays.lowerThird?.subtitle].map((line) => plainText(line ?? '', LONGEST_TEXT)).filter((line) => line !== '');
    const mark = this.#watermark.current;
    const { corner = 'bottomRight', opacity = 1 } = overlays.watermark ?? {};
    const wanted: WantedOverlays = {
      ...(mark ? { watermark: { corner, width: mark.picture.width, height: mark.picture.height } } : {}),
      ...(overlays.recordingBadge === true && recording ? { badge: badgeSize(m) } : {}),
      ...(rows.length > 0 ? { banner: { rows: rows.length } } : {}),
      ...(title !== '' ? { lowerThird: { subtitle: subtitle !== '' } } : {}),
      ...(overlays.captions === true ? { captions: true } : {}),
    };
    this.#boxes = placeOverlays(this.#format, wanted);
    this.#show('watermark', [mark?.key, opacity], ({ x, y }) => mark && { ...placed(mark.picture, x, y, this.#fade(FADE_MS)), opacity: Math.min(1, Math.max(0, opacity)) });
    this.#show('badge', [], (box) => placed(drawBadge(box), box.x, box.y, this.#fade(FADE_MS)));
    this.#show('banner', rows, (box) => placed(drawBanner(rows, box, m), box.x, box.y, this.#fade(FADE_MS)));
    this.#show('lowerThird', [title, subtitle], (box) => placed(drawLowerThird(title, subtitle, box, m), box.x, box.y, this.#fade(FADE_MS)));
    this.#applyCaptions();
    this.#tellCovered(m);
  }

  /** A lower third as wide as it is, captions as large as they may become: names do not move with each line that is said. */
  #tellCovered(m: OverlayMeasures): void {
    const { watermark, badge, banner, captions } = this.#boxes;
    const sign = watermark && watermark.height <= m.smallWatermarkHeight ? watermark : undefined;
    const boxes = [sign, badge, banner, this.#layers.lowerThird.box, captions].filter((box) => box !== undefined);
    const text = JSON.stringify(boxes);
    if (text === this.#covered) return;
    this.#covered = text;
    this.options.covered?.(boxes);
  }

  #applyCaptions(): void {
    const { lines, version } = this.#captions;
    if (lines.length === 0) this.#layers.captions.hide();
    else
      this.#show('captions', [version], (box) => {
        const drawn = drawCaptions(lines, box, overlayMeasures(this.#format));
        return drawn && placed(drawn, box.x + (box.width - drawn.width) / 2, box.y + box.height - drawn.height, this.#fade(CAPTION_FADE_MS));
      });
  }

  /** In its box, or not when it has none. */
  #show(name: LayerName & keyof OverlayBoxes, inputs: readonly unknown[], draw: (box: OverlayBox) => DrawnPicture | undefined): void {
    const box = this.#boxes[name];
    if (!box) this.#layers[name].hide();
    else this.#layers[name].show(JSON.stringify([box, inputs]), () => draw(box));
  }
}
