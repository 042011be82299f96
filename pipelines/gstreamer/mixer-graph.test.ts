import { describe, expect, it } from 'vitest';
import { TRACKS, VIDEO_RENDITIONS, videoRenditions, type TrackName } from '../../src/domain/rendition.ts';
import { ELEMENTS, mixerGraph } from './mixer-graph.ts';

const graph = mixerGraph({ width: 1280, height: 720, frameRate: 30, renditions: videoRenditions(1280, 720, 30) });

describe('mixerGraph', () => {
  it('has every element that the mixer looks up, once', () => {
    const names = [
      ELEMENTS.canvas,
      ELEMENTS.audio,
      ...VIDEO_RENDITIONS.map(ELEMENTS.thin),
      ...(Object.keys(TRACKS) as TrackName[]).map(ELEMENTS.sink),
    ];
    for (const name of names) expect(graph.split(new RegExp(`name=${name}\\b`))).toHaveLength(2);
  });

  it('scales only what is not of the canvas’ size', () => {
    expect(graph.match(/videoscale/g)).toHaveLength(2);
    expect(graph).toContain('width=640,height=360 ! x264enc name=enc_mid bitrate=600');
    // half of the pictures: at the stream's nominal rate the encoder would use half of the bits
    expect(graph).toContain('width=320,height=180 ! x264enc name=enc_low bitrate=240 vbv-buf-capacity=500');
  });

  it('leaves keyframes to the canvas', () => {
    expect(graph.match(/scenecut=0:keyint=infinite/g)).toHaveLength(3);
    expect(graph).toMatch(/tesseracanvas name=canvas width=1280 height=720 frame-rate=30 ! [^!]+ ! tee name=video/);
  });

  it('declares one colorimetry everywhere, so that nothing is converted', () => {
    expect(graph.match(/colorimetry=bt601/g)).toHaveLength(1);
    expect(graph).not.toContain('videoconvert');
  });
});
