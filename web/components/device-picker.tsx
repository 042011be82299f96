import { useId, type ReactNode } from 'react';
import type { DeviceView } from '../media/own-media.ts';

interface PickerProps {
  kind: 'camera' | 'microphone';
  view: DeviceView;
  devices: readonly MediaDeviceInfo[];
  onChange: (on: boolean, deviceId?: string) => void;
  children?: ReactNode;
}

/** A switch and a choice for one kind of device, with what is wrong in words. */
export function DevicePicker({ kind, view, devices, onChange, children }: PickerProps) {
  const id = useId();
  const title = kind === 'camera' ? 'Camera' : 'Microphone';
  return (
    <div className="device">
      <label className="switch">
        <input type="checkbox" role="switch" checked={view.on} disabled={view.busy} onChange={(e) => onChange(e.target.checked)} data-testid={`${kind}-switch`} aria-describedby={`${id}-error`} />
        {title}
      </label>
      {devices.length > 0 && (
        <select aria-label={`Choose the ${kind}`} value={view.deviceId ?? ''} disabled={view.busy} onChange={(e) => onChange(true, e.target.value)}>
          {!devices.some((d) => d.deviceId === view.deviceId) && <option value={view.deviceId ?? ''}>Default</option>}
          {devices.map((device, index) => (
            <option key={device.deviceId} value={device.deviceId}>
              {device.label || `${title} ${index + 1}`}
            </option>
          ))}
        </select>
      )}
      {children}
      <p id={`${id}-error`} className="wrong" role="alert">
        {view.error}
      </p>
    </div>
  );
}
