/** Pictures to upload: good ones by the canvas, and PNG files chunk by chunk for those that no encoder makes. */
import { crc32, deflateSync } from 'node:zlib';
import { createCanvas } from '@napi-rs/canvas';

/** A picture of two colours: left red, right blue. */
export async function picture(format: 'png' | 'jpeg' | 'webp', width = 64, height = 48): Promise<Buffer> {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#d01010';
  context.fillRect(0, 0, width / 2, height);
  context.fillStyle = '#1010d0';
  context.fillRect(width / 2, 0, width / 2, height);
  return format === 'png' ? canvas.encode('png') : format === 'jpeg' ? canvas.encode('jpeg', 85) : canvas.encode('webp', 85);
}

export function pngChunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length);
  named.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(named), data.length + 8);
  return chunk;
}

export interface PngParts {
  width: number;
  height: number;
  /** Bits per sample; grey. Default 8. */
  depth?: number;
  /** What the rows inflate to; as the header says when absent. */
  rowBytes?: number;
  /** Chunks between header and rows. */
  before?: Buffer[];
  interlaced?: boolean;
}

/** A grey PNG of zeros. */
export function pngFile({ width, height, depth = 8, rowBytes = height * (1 + Math.ceil((width * depth) / 8)), before = [], interlaced = false }: PngParts): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[12] = interlaced ? 1 : 0;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    ...before,
    pngChunk('IDAT', deflateSync(Buffer.alloc(rowBytes))),
    pngChunk('IEND'),
  ]);
}
