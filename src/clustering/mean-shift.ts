import type { NdArray } from "../array/ndarray.ts";
import { InputError, problem } from "../errors.ts";
import { numbered, pairwiseDistances, pointsOf, squaredDistance } from "./points.ts";

const mostSteps = 300;

/**
 * Mean shift with a flat kernel (Comaniciu and Meer 2002): every point climbs to the mean of the points within `bandwidth` until it
 * rests; resting places nearer to one another than `bandwidth` are one, the fullest first; points belong to the nearest. Finds
 * the number of clusters itself. N² D operations a step, some ten steps: for a picture's patches.
 *
 * features: [N, D] float32; bandwidth: at least 0, in the features' units (`usualBandwidth`) → N labels, numbered as they first
 * occur. Throws InputError.
 */
export function meanShift(features: NdArray, bandwidth: number): Int32Array {
  const { count, width, data } = pointsOf(features, "meanShift");
  if (!(bandwidth >= 0 && bandwidth < Infinity)) {
    const expected = "expected a bandwidth of at least 0";
    throw new InputError(problem("meanShift", expected, String(bandwidth), "Take usualBandwidth of the features."));
  }
  // A little more, so that the points of one place are within reach of it in spite of rounding.
  const reach = (bandwidth * (1 + 1e-6)) ** 2;
  const places = Float64Array.from(data);
  const crowds = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const place = places.subarray(i * width, (i + 1) * width);
    let near: number[] = [];
    for (let step = 0; step < mostSteps; step++) {
      const now: number[] = [];
      for (let j = 0; j < count; j++) if (squaredDistance(place, 0, data, j, width) <= reach) now.push(j);
      if (now.length === 0 || (now.length === near.length && now.every((j, at) => j === near[at]))) break;
      near = now;
      place.fill(0);
      for (const j of near) for (let k = 0; k < width; k++) place[k] += data[j * width + k] / near.length;
    }
    crowds[i] = near.length;
  }
  const modes: number[] = [];
  for (const i of [...crowds.keys()].sort((a, b) => crowds[b] - crowds[a] || a - b)) {
    if (modes.every((mode) => squaredDistance(places, i, places, mode, width) > reach)) modes.push(i);
  }
  const labels = Int32Array.from({ length: count }, (_, i) => {
    const distances = modes.map((mode) => squaredDistance(data, i, places, mode, width));
    return distances.indexOf(Math.min(...distances));
  });
  return numbered(labels);
}

/**
 * The mean distance of a point to the farthest of its nearest neighbours, which with itself are `share` of all points: a bandwidth
 * that suits clusters of about that share (scikit-learn's estimate, with its 0.3). features: [N, D] float32. Throws InputError.
 */
export function usualBandwidth(features: NdArray, share = 0.3): number {
  const points = pointsOf(features, "usualBandwidth");
  const { count } = points;
  const distances = pairwiseDistances(points);
  const last = Math.min(Math.max(Math.floor(count * share), 1), count) - 1;
  let total = 0;
  for (let i = 0; i < count; i++) total += Math.sqrt(distances.slice(i * count, (i + 1) * count).sort()[last]);
  return total / count;
}
