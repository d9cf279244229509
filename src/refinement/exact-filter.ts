import type { GaussianFilter } from "./gaussian-filter.ts";

/**
 * Every pair of points, for small images: time grows with the square of the points, and so does memory, 2 · points² bytes.
 *
 * features: [points, dimensions]. selfPair: whether j = i counts; textbook mean field leaves it out.
 */
export function exactFilter(features: Float32Array, dimensions: number, selfPair = true): GaussianFilter {
  const points = features.length / dimensions;
  // k(i, j) for j < i, row after row.
  const kernel = new Float32Array((points * (points - 1)) / 2);
  for (let i = 0, at = 0; i < points; i++) {
    for (let j = 0; j < i; j++, at++) {
      let squared = 0;
      for (let c = 0; c < dimensions; c++) squared += (features[i * dimensions + c] - features[j * dimensions + c]) ** 2;
      kernel[at] = Math.exp(-0.5 * squared);
    }
  }
  let sums = new Float64Array(0);
  let count = 0;
  return {
    points,
    spread(values, labels, factors) {
      count = labels;
      const own = Float64Array.from(values);
      if (factors !== null) for (let i = 0; i < own.length; i++) own[i] *= factors[Math.floor(i / labels)];
      sums = selfPair ? own.slice() : new Float64Array(own.length);
      for (let i = 0, at = 0; i < points; i++) {
        for (let j = 0; j < i; j++, at++) {
          const weight = kernel[at];
          for (let l = 0; l < labels; l++) {
            sums[i * labels + l] += weight * own[j * labels + l];
            sums[j * labels + l] += weight * own[i * labels + l];
          }
        }
      }
    },
    gather(into, first, end, scale, factors) {
      for (let i = first, to = 0; i < end; i++) {
        const factor = scale * (factors?.[i] ?? 1);
        for (let l = 0; l < count; l++, to++) into[to] += factor * sums[i * count + l];
      }
    },
  };
}
