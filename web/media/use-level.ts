import { useEffect, useState } from 'react';

/** Loudness of a track, 0…1 on a scale of 60 dB, ten times a second. */
export function useLevel(track: MediaStreamTrack | undefined): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (!track) {
      setLevel(0);
      return undefined;
    }
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      setLevel(levelOf(10 * Math.log10(sum / samples.length + 1e-12)));
    }, 100);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [track]);
  return level;
}

/** dBFS → 0…1: silence below -60, full at 0. */
export function levelOf(dbfs: number): number {
  return Math.round(Math.min(1, Math.max(0, (dbfs + 60) / 60)) * 100) / 100;
}
