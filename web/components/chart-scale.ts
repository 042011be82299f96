/** The arithmetic of small line charts. */

/** A round number at or above `value`, so that an axis reads well: 1, 2 or 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((f) => f * power >= value - power * 1e-9) ?? 10;
  return factor * power;
}

/** Values to `x,y` pairs of a polyline in a box; a hole (null) begins a new line. */
export function polylines(values: readonly (number | null)[], ceiling: number, width: number, height: number): string[] {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const lines: string[][] = [];
  let open = false;
  values.forEach((value, i) => {
    if (value === null) {
      open = false;
      return;
    }
    if (!open) lines.push([]);
    open = true;
    const y = height - (Math.min(value, ceiling) / ceiling) * height;
    lines.at(-1)?.push(`${(i * step).toFixed(1)},${y.toFixed(1)}`);
  });
  // a lone value is a short dash, or it would not be seen
  return lines.map((line) => (line.length > 1 ? line.join(' ') : `${line[0]} ${(Number(line[0]?.split(',')[0]) + 2).toFixed(1)},${line[0]?.split(',')[1]}`));
}
