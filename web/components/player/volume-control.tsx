import type { Volume } from '../../player/volume-memory.ts';
import { IconButton } from './icons.tsx';

interface VolumeControlProps {
  volume: Volume;
  onChange: (volume: Volume) => void;
  onToggle: () => void;
}

export function VolumeControl({ volume: { level, muted }, onChange, onToggle }: VolumeControlProps) {
  const heard = muted ? 0 : level;
  const percent = Math.round(heard * 100);
  return (
    <div className="volume">
      <IconButton icon={heard === 0 ? 'silent' : 'sound'} label={muted ? 'Sound on' : 'Sound off'} shortcut="M" onClick={onToggle} testId="mute" />
      <input
        type="range"
        min={0}
        max={100}
        step={5}
        value={percent}
        aria-label="Volume"
        aria-valuetext={`${percent} %`}
        onChange={(e) => onChange({ level: Number(e.target.value) / 100, muted: false })}
        data-testid="volume"
      />
    </div>
  );
}
