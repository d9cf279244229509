/**
 * Where a `Slice` of an axis begins and before which index it stops: negative indices count from the back, then both
 * are cut to the axis. Files have 2³¹ − 1, 2⁶³ − 1 and −2⁶³ for its ends. Before the first element is −1.
 */
export function rangeOf(size: number, start: number, end: number, step: number): { from: number; to: number } {
  const [lowest, highest] = step > 0 ? [0, size] : [-1, size - 1];
  const [from, to] = [start, end].map((index) => Math.min(highest, Math.max(lowest, index < 0 ? index + size : index)));
  return { from: step < 0 ? Math.max(0, from) : from, to };
}
