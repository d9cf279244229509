import { type NdArray, ndarray } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";

/**
 * A soft map of groups with the `count` largest of them alone, those of the largest sum over all pixels: a pixel that is most of
 * another group takes the shares of the nearest pixel that is not. Of equal sums, shares and distances the first counts, row by row.
 *
 * map: float32 [G, H, W], the shares of G groups → the same. Throws InputError for other arrays.
 */
export function keepLargest(map: NdArray, count: number): NdArray {
  const [groups, height, width] = map.shape;
  if (map.shape.length !== 3 || map.dtype !== "float32" || !(count >= 1)) {
    throw new InputError(
      `groups: expected float32 shares [G, H, W] and at least 1 group to keep, got ${map.dtype} ${show(map.shape)} and ${count}. Correct them.`,
    );
  }
  const shares = map.data as Float32Array;
  const pixels = height * width;
  const sums = Array.from({ length: groups }, (_, g) =>
    shares.subarray(g * pixels, (g + 1) * pixels).reduce((sum, share) => sum + share, 0),
  );
  const order = sums.map((_, g) => g).sort((a, b) => sums[b] - sums[a] || a - b);
  const largest = new Set(order.slice(0, count));
  const kept = Uint8Array.from({ length: pixels }, (_, i) => {
    let best = 0;
    for (let g = 1; g < groups; g++) if (shares[g * pixels + i] > shares[best * pixels + i]) best = g;
    return largest.has(best) ? 1 : 0;
  });
  const source = nearestKept(kept, height, width);
  return ndarray(
    "float32",
    map.shape,
    Float32Array.from(shares, (_, i) => shares[i - (i % pixels) + source[i % pixels]]),
  );
}

/** For each pixel the nearest one where `kept` is 1, itself if it is; itself as well where there is none. */
function nearestKept(kept: Uint8Array, height: number, width: number): Int32Array {
  // In each row, the nearest kept column from each place; the left one of two alike.
  const inRow = new Int32Array(height * width).fill(-1);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let left = -1;
    for (let x = 0; x < width; x++) {
      if (kept[row + x]) left = x;
      inRow[row + x] = left;
    }
    let right = -1;
    for (let x = width - 1; x >= 0; x--) {
      if (kept[row + x]) right = x;
      const nearestLeft = inRow[row + x];
      if (right >= 0 && (nearestLeft < 0 || right - x < x - nearestLeft)) inRow[row + x] = right;
    }
  }
  return Int32Array.from({ length: height * width }, (_, i) => {
    if (kept[i]) return i;
    const [y, x] = [Math.floor(i / width), i % width];
    let best = i;
    let least = Number.POSITIVE_INFINITY;
    // Rows outwards, the upper of two first, until they alone are too far.
    for (let step = 0; step < height && step * step <= least; step++) {
      for (const row of step === 0 ? [y] : [y - step, y + step]) {
        const column = row < 0 || row >= height ? -1 : inRow[row * width + x];
        if (column < 0) continue;
        const distance = step * step + (column - x) ** 2;
        const place = row * width + column;
        if (distance < least || (distance === least && place < best)) [least, best] = [distance, place];
      }
    }
    return best;
  });
}
