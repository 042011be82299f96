import { useId, useRef } from 'react';
import { ROOM_IMAGE_TYPES } from '../../../src/domain/room-image.ts';
import type { Images } from './use-images.ts';

interface PickerProps {
  label: string;
  images: Images;
  value: string | undefined;
  onChange: (name: string | undefined) => void;
  testId: string;
}

/** Chooses one of the room's pictures, or uploads one and chooses that. */
export function ImagePicker({ label, images, value, onChange, testId }: PickerProps) {
  const id = useId();
  const file = useRef<HTMLInputElement>(null);
  const upload = async (chosen: File | undefined): Promise<void> => {
    if (!chosen) return;
    const name = await images.upload(chosen);
    if (name !== undefined) onChange(name);
  };
  return (
    <div className="image-picker">
      <label htmlFor={id}>{label}</label>
      <div className="row small">
        <select id={id} className="grow" value={value ?? ''} onChange={(e) => onChange(e.target.value === '' ? undefined : e.target.value)} data-testid={testId}>
          <option value="">No picture</option>
          {value !== undefined && !images.list.some((image) => image.name === value) && <option value={value}>{value}</option>}
          {images.list.map((image) => (
            <option key={image.name} value={image.name}>
              {image.name} ({image.width} × {image.height})
            </option>
          ))}
        </select>
        <button type="button" disabled={images.busy} onClick={() => file.current?.click()}>
          {images.busy ? 'Uploading…' : 'Upload…'}
        </button>
        {/* the button stands for it: a file field cannot be styled */}
        <input
          ref={file}
          type="file"
          hidden
          accept={ROOM_IMAGE_TYPES.join(',')}
          aria-label={`${label}: a file`}
          data-testid={`${testId}-file`}
          onChange={(e) => {
            void upload(e.target.files?.[0]);
            e.target.value = '';
          }}
        />
      </div>
    </div>
  );
}
