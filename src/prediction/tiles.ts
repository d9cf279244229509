/**
 * Cutting a large image into strips whose class scores equal those of the whole: strips begin on the windows' grid, and
 * of each only the part is used that no window outside of it would have touched.
 */
import { type Windowing, windowStarts } from "./windows.ts";

/** One strip: pixels `from` … `to` are computed, `first` … `end` of them are valid and used. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** Output pixels whose lower neighbour lies in `first` … `end` − 1 are this strip's; pixel `end` is valid, too. */
  readonly first: number;
  readonly end: number;
}

/**
 * Spans of about `windows` windows (more where they overlap so far that fewer would have no pixel of their own) that together use each of `size` pixels once. A side shorter than a window is
 * one span.
 */
export function spans(size: number, window: number, windows: number, windowing: Windowing): Span[] {
  if (size <= window) return [{ from: 0, to: size, first: 0, end: size }];
  const starts = windowStarts(size, window, windowing);
  const result: Span[] = [];
  let first = 0;
  const least = leastWindows(window, windowing);
  for (let index = 0; ; ) {
    // The last window may follow the one before it closely; it is never left for a strip of its own.
    const wanted = index + Math.max(least, windows) - 1;
    const last = wanted >= starts.length - 2 ? starts.length - 1 : wanted;
    const done = last === starts.length - 1;
    // The pixel after the used ones must be valid as well: it is the neighbour that they are blended with.
    const end = done ? size : starts[last + 1] - 1;
    result.push({ from: starts[index], to: starts[last] + window, first, end });
    if (done) return result;
    first = end;
    // The next strip begins with the last window that is early enough for everything from `first` on to be valid.
    let next = index + 1;
    while (next + 1 < starts.length && starts[next] + window <= first) next++;
    index = next;
  }
}

/** Windows of a strip that has pixels of its own: beyond those that the first window of the next one touches, too. */
function leastWindows(window: number, windowing: Windowing): number {
  return Math.max(2, Math.ceil((window + 1) / windowing.stride(window)));
}

/** How many windows wide a strip may be so that a row of its windows has at most `elements` scores; at least 2. */
export function windowsPerStrip(
  classes: number,
  [height, width]: readonly [number, number],
  elements: number,
  windowing: Windowing,
): number {
  const pixels = elements / (classes * height);
  return Math.max(2, 1 + Math.floor((pixels - width) / windowing.stride(width)));
}
