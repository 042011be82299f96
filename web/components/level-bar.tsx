/** `level` is 0…1. */
export function LevelBar({ level, label }: { level: number; label: string }) {
  return (
    <span className="level" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(level * 100)}>
      <span style={{ width: `${Math.round(level * 100)}%` }} />
    </span>
  );
}
