/** gstreamer-superficial 1.7.4 has no types of its own. What we use of it. */
declare module 'gstreamer-superficial' {
  export interface BusMessage {
    type: string;
    name?: string;
    message?: string;
    _src_element_name?: string;
  }

  /** Any GObject: properties are read and written by their GStreamer names. Numbers go through 32-bit floats. */
  export interface GstElement {
    [property: string]: string | number | boolean | null | undefined;
  }

  export interface AppSrc {
    /** Copies `buffer`. `pts`: 8 bytes, big-endian ns of running time. */
    push(buffer: Buffer, pts: Buffer): void;
    caps: string;
  }

  export interface AppSink {
    /** One sample; `null` at the end of the stream or before the pipeline plays. Parks one libuv thread until then. */
    pull(callback: (buffer: Buffer | null, caps: Readonly<Record<string, unknown>>) => void): void;
  }

  export class Pipeline {
    /** @throws Error when the text cannot be parsed */
    constructor(description: string);
    play(): void;
    pause(): void;
    stop(): void;
    /** A new wrapper with its own reference on each call: look up once. */
    findChild(name: string): unknown;
    /** Keeps calling back; parks one libuv thread for good. */
    pollBus(callback: (message: BusMessage) => void): void;
  }
}
