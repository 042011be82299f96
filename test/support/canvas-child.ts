/** Only the canvas and what thins it, without encoders, in a process of its own (a GStreamer pipeline is never freed). See canvas-rig.ts. */
import { createRequire } from 'node:module';
import type * as Gst from 'gstreamer-superficial';
import { readGdp } from '../../src/media/gdp.ts';
import { CanvasElement } from '../../src/mixer/canvas-element.ts';
import type { CanvasFrame, FromCanvas, ToCanvas } from './canvas-rig.ts';

const { Pipeline } = createRequire(import.meta.url)('gstreamer-superficial') as typeof Gst;
const [width, height, frameRate] = process.argv.slice(2).map(Number);
const pipeline = new Pipeline(
  `tesseracanvas name=canvas width=${width} height=${height} frame-rate=${frameRate} ! tee ! queue max-size-buffers=6 max-size-bytes=0 max-size-time=0 ! tesserathin name=thin ! gdppay ! appsink name=out sync=false max-buffers=60 drop=false`,
);
const element = pipeline.findChild('canvas') as Gst.GstElement;
const thin = pipeline.findChild('thin') as Gst.GstElement;
const sink = pipeline.findChild('out') as Gst.AppSink;
const canvas = new CanvasElement(element);

function say(message: FromCanvas): void {
  process.send?.(message);
}

let requests = 0;

function take(chunk: Buffer): void {
  for (const packet of readGdp(chunk)) {
    if (packet.kind === 'other') requests++;
    if (packet.kind !== 'buffer') continue;
    const frame: CanvasFrame = { ptsNs: packet.ptsNs ?? -1n, durationNs: packet.durationNs ?? -1n, pixels: packet.data, eventsBefore: requests, arrivedNs: process.hrtime.bigint() };
    requests = 0;
    say({ type: 'frame', frame });
  }
}

function pull(): void {
  sink.pull((buffer) => {
    if (buffer) take(buffer);
    setTimeout(pull, buffer ? 0 : 10);
  });
}

process.on('message', (message: ToCanvas) => {
  if (message.type === 'start') {
    element['base-time'] = message.baseNs.toString();
    element['frame-offset'] = String(message.frameOffset);
    element['grid'] = String(message.grid);
    pipeline.play();
    pull();
  } else if (message.type === 'thin') thin['step'] = message.step;
  else if (message.type === 'text') element[message.property] = message.text;
  else if (message.type === 'figures') say({ type: 'figures', figures: canvas.figures() });
  else {
    const [method, ...values] = message.call;
    (canvas[method] as (...values: unknown[]) => void).apply(canvas, values);
  }
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
say({ type: 'loaded' });
