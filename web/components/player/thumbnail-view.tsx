import type { TimeWindow } from '../../player/timeline.ts';
import type { Storyboard } from './use-storyboard.ts';

/** All thumbnails are shown as wide as this. */
const WIDTH = 160;

/** The picture of a time, cut out of its sheet; nothing where there is none. */
export function ThumbnailView({ storyboard, window, atS }: { storyboard: Storyboard; window: TimeWindow; atS: number }) {
  const found = storyboard.at(window, atS);
  if (!found) return null;
  const scale = WIDTH / found.width;
  return (
    <span className="thumbnail" style={{ width: WIDTH, height: found.height * scale }}>
      <span
        style={{
          width: found.width,
          height: found.height,
          backgroundImage: `url("${found.src}")`,
          backgroundPosition: `-${found.x}px -${found.y}px`,
          transform: `scale(${scale})`,
        }}
      />
    </span>
  );
}
