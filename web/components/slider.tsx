import { useEffect, useId, useRef, useState } from 'react';

interface SliderProps {
  label: string;
  /** Added for screen readers where several sliders have the same label. */
  of?: string;
  value: number;
  min: number;
  max: number;
  step: number;
  format: (value: number) => string;
  onChange: (value: number) => void;
  testId?: string;
}

/** It tells when it has rested so long: not one request per pixel. */
const TELL_AFTER_MS = 120;
const SETTLED_MS = 1_000;

/** A range with its value in words. What is set by hand stands while it is being moved, whatever comes from outside. */
export function Slider({ label, of, value, min, max, step, format, onChange, testId }: SliderProps) {
  const id = useId();
  const [own, setOwn] = useState<number>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => () => clearTimeout(timer.current), []);
  const movedAt = useRef(-Infinity);
  // somebody else has set another value; in the middle of a move it is an earlier one of one's own that comes back
  useEffect(() => {
    if (performance.now() - movedAt.current > SETTLED_MS) setOwn(undefined);
  }, [value]);

  const move = (next: number): void => {
    movedAt.current = performance.now();
    setOwn(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => tell.current(next), TELL_AFTER_MS);
  };
  const shown = own ?? value;
  return (
    <div className="slider">
      <label htmlFor={id}>
        {label}
        {of !== undefined && <span className="hidden"> of {of}</span>}
      </label>
      <output htmlFor={id}>{format(shown)}</output>
      <input id={id} type="range" min={min} max={max} step={step} value={shown} aria-valuetext={format(shown)} onChange={(e) => move(Number(e.target.value))} onBlur={() => setOwn(undefined)} data-testid={testId} />
    </div>
  );
}
