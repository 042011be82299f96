/**
 * One viewer's picture: which rendition's packets it gets, when it changes over, and how fast a start from the cache goes out. What it should get
 * is decided elsewhere (rendition-chooser.ts, or the viewer's own wish).
 */
import type { VideoRendition } from '../domain/rendition.ts';
import { VIDEO_CLOCK_HZ } from '../media/rtp.ts';
import type { OutgoingVideo } from './outgoing-track.ts';
import type { SharedTracks } from './shared-tracks.ts';

/** A start from the cache is sent at about 80 Mbit/s: fast enough not to be seen, slow enough for socket buffers. */
const BURST_PACKETS = 40;
const BURST_INTERVAL_MS = 5;
/** So near a keyframe of the grid none is asked for. */
const SOON_MS = 300;
/** A keyframe this old may still be begun with on a thin link: what follows it is little. */
const FRESH_MS = 400;
/** Going down takes two seconds at most, half of them for noticing. */
const LONGEST_WAIT_DOWN_MS = 1000;

export interface PictureOptions {
  out: OutgoingVideo;
  tracks: SharedTracks;
  /** Sends the stream's next packet; false when there is none. */
  sendNext: () => boolean;
  wantKeyframe: (rendition: VideoRendition) => void;
  /** A rendition has begun. */
  onArrived: () => void;
}

export class Picture {
  /** What is sent; undefined before the first and while there is none. */
  current: VideoRendition | undefined;
  /** Waits for this rendition's next keyframe. */
  pending: VideoRendition | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Packets of before the change on its way, or of before the last, are not sent again: the link was too thin for them. */
  #forgets = false;
  #forgot = false;

  constructor(private readonly options: PictureOptions) {}

  /** Begins at once with what is there since the newest keyframe. */
  start(rendition: VideoRendition): void {
    const index = this.options.tracks.rings[rendition].keyIndex;
    if (index >= 0) this.#follow(rendition, index, true);
    else {
      this.pending = rendition;
      this.options.wantKeyframe(rendition);
    }
  }

  /** Changes at the rendition's next keyframe; what is sent now goes on until then. */
  change(rendition: VideoRendition): void {
    this.pending = rendition === this.current ? undefined : rendition;
    this.#forgets = false;
    if (this.pending && this.options.tracks.rings[this.pending].keyIndex < 0) this.options.wantKeyframe(this.pending);
  }

  /** As {@link change}, within about a second: a keyframe is asked for when none comes by itself. @param severe what is sent now ends at once */
  changeDown(rendition: VideoRendition, severe: boolean): void {
    this.change(rendition);
    if (!this.pending) return;
    this.#forgets = true;
    if (severe) {
      this.#end();
      if (this.#isFresh(rendition)) {
        this.#follow(rendition, this.options.tracks.rings[rendition].keyIndex, true);
        return;
      }
    }
    if (this.options.tracks.keyframeDueMs(rendition) > LONGEST_WAIT_DOWN_MS) this.options.wantKeyframe(rendition);
  }

  /** Comes back after a pause on a link that may be thin: not with all since the last keyframe, but with the next one. */
  resume(rendition: VideoRendition): void {
    if (this.#isFresh(rendition)) this.start(rendition);
    else this.change(rendition);
  }

  /** @param severe as with {@link changeDown}: what the link has lost is not sent again */
  pause(severe: boolean): void {
    this.#forgets = severe;
    this.#end();
    this.pending = undefined;
  }

  /** A keyframe that the viewer asked for is asked for only when none comes anyway. */
  refresh(): void {
    const rendition = this.pending ?? this.current;
    if (rendition && this.options.tracks.keyframeDueMs(rendition) > SOON_MS) this.options.wantKeyframe(rendition);
  }

  /** Whether a lost packet is not worth sending again; by its 16-bit sequence number. */
  isForgotten(sequence: number): boolean {
    const { stream } = this.options.out;
    return (this.#forgets && stream.paused) || (this.#forgot && stream.isOfBefore(sequence));
  }

  /** The rendition has grown by a unit. */
  grew(rendition: VideoRendition, key: boolean): void {
    if (key && rendition === this.pending) {
      while (this.options.sendNext()); // the rest of the one before
      this.#follow(rendition, this.options.tracks.rings[rendition].keyIndex, false);
    } else if (rendition === this.current) this.#pump();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #isFresh(rendition: VideoRendition): boolean {
    const age = this.options.tracks.rings[rendition].keyAgeTicks;
    return age !== undefined && age <= (FRESH_MS * VIDEO_CLOCK_HZ) / 1000;
  }

  #end(): void {
    this.options.out.stream.pause();
    this.current = undefined;
  }

  #follow(rendition: VideoRendition, index: number, catchUp: boolean): void {
    this.options.out.stream.follow(this.options.tracks.rings[rendition], index, catchUp);
    this.current = rendition;
    this.pending = undefined;
    this.#forgot = this.#forgets;
    this.#forgets = false;
    this.options.onArrived();
    this.#pump();
  }

  #pump(): void {
    if (this.#timer) return;
    for (let i = 0; i < BURST_PACKETS; i++) if (!this.options.sendNext()) return;
    if (this.options.out.stream.backlog > 0)
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#pump();
      }, BURST_INTERVAL_MS);
  }
}
