/** AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) and the silent AAC-LC frame that belongs to it. */
import { BitReader, BitWriter } from './h264-bits.ts';

const RATES_HZ = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

export interface AacConfig {
  objectType: number;
  sampleRateHz: number;
  channels: number;
}

/** AAC-LC, 48 kHz, stereo: assumed where the mixer has not said otherwise. */
export const DEFAULT_AAC_CONFIG: Buffer = Buffer.from([0x11, 0x90]);

/** @throws RangeError when it is not AAC with a sample rate from the table and one or two channels */
export function aacConfig(config: Buffer): AacConfig {
  const bits = new BitReader(config);
  const objectType = bits.u(5);
  const rateIndex = bits.u(4);
  const sampleRateHz = rateIndex === 15 ? bits.u(24) : RATES_HZ[rateIndex];
  const channels = bits.u(4);
  if (sampleRateHz === undefined || channels < 1 || channels > 2) throw new RangeError('unsupported AudioSpecificConfig');
  return { objectType, sampleRateHz, channels };
}

/** RFC 6381 codec string. */
export function aacCodecString(config: Buffer): string {
  return `mp4a.40.${aacConfig(config).objectType}`;
}

/**
 * One raw frame of digital silence: a long window without any scale factor band (ISO/IEC 14496-3 §4.4.2).
 * Six bytes at most, so a gap costs nothing.
 */
export function silentAacFrame(channels: number): Buffer {
  const bits = new BitWriter();
  const icsInfo = (): void => {
    bits.u(1, 0); // ics_reserved_bit
    bits.u(2, 0); // ONLY_LONG_SEQUENCE
    bits.u(1, 0); // window_shape: sine
    bits.u(6, 0); // max_sfb: nothing is coded
    bits.u(1, 0); // predictor_data_present
  };
  const tools = (): void => bits.u(3, 0); // no pulse, no TNS, no gain control
  if (channels === 1) {
    bits.u(3, 0); // ID_SCE
    bits.u(4, 0);
    bits.u(8, 0); // global_gain
    icsInfo();
    tools();
  } else {
    bits.u(3, 1); // ID_CPE
    bits.u(4, 0);
    bits.u(1, 1); // common_window
    icsInfo();
    bits.u(2, 0); // ms_mask_present
    for (let channel = 0; channel < 2; channel++) {
      bits.u(8, 0);
      tools();
    }
  }
  bits.u(3, 7); // ID_END
  return bits.aligned();
}
