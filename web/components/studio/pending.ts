/** A partial change: what is absent stays, null clears. */
export type Patch<T> = { [K in keyof T]?: T[K] | null };

/** `before` with the patch on it. */
export function patched<T extends object>(before: T, patch: Patch<T>): T {
  const after: Record<string, unknown> = Object.fromEntries(Object.entries(before));
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete after[key];
    else after[key] = value;
  }
  return after as T;
}

/** Whether two values say the same, key order aside. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}
