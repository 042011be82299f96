/**
 * A P picture in which every macroblock is skipped: it repeats the picture before it exactly and costs some ten bytes.
 * The origin fills the gap of a mixer restart with them. Needs CAVLC (constrained baseline has nothing else).
 */
import { BitReader, BitWriter, escapeRbsp, unescapeRbsp } from './h264-bits.ts';
import type { H264Parameters } from './h264-parameter-sets.ts';

/** Where a picture stands in the stream's own counting (ITU-T H.264 §7.4.3). */
export interface PictureOrder {
  frameNum: number;
  pocLsb: number;
  /** Other pictures refer to it (nal_ref_idc ≠ 0). */
  reference: boolean;
}

const SLICE = 1;
const IDR = 5;

/** @returns undefined when the access unit holds no slice. `data` is AVC format. */
export function pictureOrder(data: Buffer, parameters: H264Parameters): PictureOrder | undefined {
  let at = 0;
  while (at + parameters.nalLengthBytes < data.length) {
    const length = data.readUIntBE(at, parameters.nalLengthBytes);
    at += parameters.nalLengthBytes;
    const head = data[at] as number;
    const type = head & 31;
    if (type === SLICE || type === IDR) {
      const bits = new BitReader(unescapeRbsp(data.subarray(at + 1, at + length), 24));
      bits.ue(); // first_mb_in_slice
      bits.ue(); // slice_type
      bits.ue(); // pic_parameter_set_id
      const frameNum = bits.u(parameters.frameNumBits);
      if (!parameters.frameMbsOnly && bits.flag()) bits.u(1);
      if (type === IDR) bits.ue(); // idr_pic_id
      const pocLsb = parameters.pocType === 0 ? bits.u(parameters.pocLsbBits) : 0;
      return { frameNum, pocLsb, reference: (head & 0x60) !== 0 };
    }
    at += length;
  }
  return undefined;
}

/** Where the picture after `previous` stands. */
export function nextPictureOrder(previous: PictureOrder, parameters: H264Parameters): PictureOrder {
  return {
    frameNum: (previous.frameNum + (previous.reference ? 1 : 0)) % 2 ** parameters.frameNumBits,
    pocLsb: parameters.pocType === 0 ? (previous.pocLsb + 2) % 2 ** parameters.pocLsbBits : 0,
    reference: true,
  };
}

/**
 * The skipped picture that stands at `order`, AVC format.
 * A reference picture, because with picture order type 2 (x264 without B-frames) two non-reference pictures may not follow each other (§8.2.1.3).
 * @throws RangeError when the stream is not progressive CAVLC
 */
export function skipPicture(order: PictureOrder, parameters: H264Parameters): Buffer {
  if (parameters.cabac || !parameters.frameMbsOnly) throw new RangeError('skipped pictures need progressive CAVLC');
  const bits = new BitWriter();
  bits.ue(0); // first_mb_in_slice
  bits.ue(5); // slice_type: P, as are all slices of the picture
  bits.ue(parameters.ppsId);
  bits.u(parameters.frameNumBits, order.frameNum);
  if (parameters.pocType === 0) {
    bits.u(parameters.pocLsbBits, order.pocLsb);
    if (parameters.bottomFieldPicOrder) bits.se(0);
  } else if (parameters.pocType === 1 && !parameters.deltaPicOrderAlwaysZero) {
    bits.se(0);
    if (parameters.bottomFieldPicOrder) bits.se(0);
  }
  if (parameters.redundantPictures) bits.ue(0);
  bits.u(1, 1); // num_ref_idx_active_override_flag: one reference, the picture before
  bits.ue(0);
  bits.u(1, 0); // ref_pic_list_modification_flag_l0
  if (parameters.weightedPrediction) {
    bits.ue(0);
    if (parameters.chromaFormat !== 0) bits.ue(0);
    bits.u(1, 0);
    if (parameters.chromaFormat !== 0) bits.u(1, 0);
  }
  bits.u(1, 0); // adaptive_ref_pic_marking_mode_flag
  bits.se(0); // slice_qp_delta
  if (parameters.deblockingControl) bits.ue(1); // no deblocking: the picture stays as it is
  bits.ue(parameters.macroblocks); // mb_skip_run
  const payload = escapeRbsp(bits.rbsp());
  const out = Buffer.allocUnsafe(parameters.nalLengthBytes + 1 + payload.length);
  out.writeUIntBE(1 + payload.length, 0, parameters.nalLengthBytes);
  out[parameters.nalLengthBytes] = (2 << 5) | SLICE;
  payload.copy(out, parameters.nalLengthBytes + 1);
  return out;
}
