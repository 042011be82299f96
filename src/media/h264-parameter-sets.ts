/** What the origin must know of an avcC record, its SPS and its PPS to write pictures of its own (ITU-T H.264 §7.3.2). */
import { BitReader, unescapeRbsp } from './h264-bits.ts';

export interface H264Parameters {
  nalLengthBytes: number;
  /** `avc1.PPCCLL` (RFC 6381). */
  codecString: string;
  macroblocks: number;
  chromaFormat: number;
  frameNumBits: number;
  pocType: number;
  pocLsbBits: number;
  deltaPicOrderAlwaysZero: boolean;
  frameMbsOnly: boolean;
  spsId: number;
  ppsId: number;
  cabac: boolean;
  bottomFieldPicOrder: boolean;
  weightedPrediction: boolean;
  deblockingControl: boolean;
  redundantPictures: boolean;
}

const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128]);

/** @throws RangeError when the record is broken or holds no SPS or PPS */
export function h264Parameters(avcC: Buffer): H264Parameters {
  if (avcC.length < 7 || avcC[0] !== 1) throw new RangeError('not an avcC record');
  const nalLengthBytes = ((avcC[4] as number) & 3) + 1;
  let at = 6;
  const spsLength = avcC.readUInt16BE(at);
  const sps = avcC.subarray(at + 2, at + 2 + spsLength);
  at += 2 + spsLength;
  // Further SPS do not occur; the PPS count follows the first one.
  if (((avcC[5] as number) & 31) !== 1 || (avcC[at] as number) < 1) throw new RangeError('avcC must hold one SPS and a PPS');
  const pps = avcC.subarray(at + 3, at + 3 + avcC.readUInt16BE(at + 1));
  const codecString = `avc1.${avcC.toString('hex', 1, 4)}`;
  return { nalLengthBytes, codecString, ...readSps(sps), ...readPps(pps) };
}

function readSps(nal: Buffer) {
  const bits = new BitReader(unescapeRbsp(nal.subarray(1)));
  const profile = bits.u(8);
  bits.u(16); // constraint flags, level
  const spsId = bits.ue();
  let chromaFormat = 1;
  if (HIGH_PROFILES.has(profile)) {
    chromaFormat = bits.ue();
    if (chromaFormat === 3) bits.u(1);
    bits.ue();
    bits.ue();
    bits.u(1);
    if (bits.flag()) throw new RangeError('scaling matrices are not supported');
  }
  const frameNumBits = bits.ue() + 4;
  const pocType = bits.ue();
  let pocLsbBits = 0;
  let deltaPicOrderAlwaysZero = true;
  if (pocType === 0) pocLsbBits = bits.ue() + 4;
  if (pocType === 1) {
    deltaPicOrderAlwaysZero = bits.flag();
    bits.se();
    bits.se();
    const cycle = bits.ue();
    for (let i = 0; i < cycle; i++) bits.se();
  }
  bits.ue(); // max_num_ref_frames
  bits.u(1); // gaps_in_frame_num_value_allowed_flag
  const widthMbs = bits.ue() + 1;
  const heightMapUnits = bits.ue() + 1;
  const frameMbsOnly = bits.flag();
  return {
    spsId,
    chromaFormat,
    frameNumBits,
    pocType,
    pocLsbBits,
    deltaPicOrderAlwaysZero,
    frameMbsOnly,
    macroblocks: widthMbs * heightMapUnits * (frameMbsOnly ? 1 : 2),
  };
}

function readPps(nal: Buffer) {
  const bits = new BitReader(unescapeRbsp(nal.subarray(1)));
  const ppsId = bits.ue();
  bits.ue();
  const cabac = bits.flag();
  const bottomFieldPicOrder = bits.flag();
  if (bits.ue() !== 0) throw new RangeError('slice groups are not supported');
  bits.ue();
  bits.ue();
  const weightedPrediction = bits.flag();
  bits.u(2);
  bits.se();
  bits.se();
  bits.se();
  const deblockingControl = bits.flag();
  bits.u(1);
  const redundantPictures = bits.flag();
  return { ppsId, cabac, bottomFieldPicOrder, weightedPrediction, deblockingControl, redundantPictures };
}
