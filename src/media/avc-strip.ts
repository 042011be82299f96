/** NAL unit types of coded slices; parameter sets travel as avcC, SEI and delimiters are of no use behind the mixer. */
const KEPT = new Set([1, 2, 3, 4, 5]);

/** An access unit (AVC format, 4-byte lengths) with its slices only. Returns `unit` itself when there is nothing else in it. */
export function slicesOnly(unit: Buffer): Buffer {
  const kept: Buffer[] = [];
  let dropped = false;
  for (let at = 0; at + 4 < unit.length; ) {
    const end = at + 4 + unit.readUInt32BE(at);
    if (end > unit.length) throw new RangeError('NAL unit is cut short');
    if (KEPT.has((unit[at + 4] as number) & 0x1f)) kept.push(unit.subarray(at, end));
    else dropped = true;
    at = end;
  }
  return dropped ? Buffer.concat(kept) : unit;
}
