import { describe, expect, it } from 'vitest';
import { TRACKS, videoRenditions, type TrackName } from '../../src/domain/rendition.ts';
import { ELEMENTS, MIXER_SLOTS, mixerGraph, slotCaps } from './mixer-graph.ts';

const graph = mixerGraph({ width: 1280, height: 720, frameRate: 30, renditions: videoRenditions(1280, 720, 30) });

describe('mixerGraph', () => {
  it('has every element that the mixer looks up, once', () => {
    const names = [
      ELEMENTS.control,
      ELEMENTS.audio,
      ...Array.from({ length: MIXER_SLOTS }, (_, i) => [ELEMENTS.slot(i), ELEMENTS.flip(i)]).flat(),
      ...(Object.keys(TRACKS) as TrackName[]).map(ELEMENTS.sink),
    ];
    for (const name of names) expect(graph.split(new RegExp(`name=${name}\\b`))).toHaveLength(2);
  });

  it('scales only what is not of the canvas’ size', () => {
    expect(graph.match(/videoscale/g)).toHaveLength(1);
    expect(graph).toContain('width=640,height=360 ! x264enc name=enc_mid bitrate=600');
  });

  it('leaves keyframes to tesseracontrol', () => {
    expect(graph.match(/scenecut=0:keyint=infinite/g)).toHaveLength(2);
    expect(graph).toMatch(/tesseracontrol name=control ! tee name=video/);
  });

  it('declares one colorimetry everywhere, so that nothing is converted', () => {
    expect(slotCaps(640, 360)).toContain('colorimetry=bt601');
    expect(graph.match(/colorimetry=bt601/g)).toHaveLength(MIXER_SLOTS + 1);
  });
});
