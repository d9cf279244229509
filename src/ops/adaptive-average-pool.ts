import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { averagePool } from "./average-pool.ts";
import { type AxisWeights, axisWeights, separable } from "./composite/separable.ts";

/**
 * Means of a grid of `size` windows that cover x: window i of n goes from ⌊i·H / n⌋ to ⌈(i + 1)·H / n⌉.
 *
 * x: [B, C, H, W] float → y: [B, C, size[0], size[1]]. As `adaptive_avg_pool2d` of PyTorch.
 */
export function adaptiveAveragePool(x: Tensor, size: readonly [number, number]): Tensor {
  if (x.shape.length !== 4 || !size.every((cells) => Number.isInteger(cells) && cells >= 1)) {
    throw new InputError(
      `adaptiveAveragePool: expected x [B, C, H, W] and a size of two positive integers, got ${show(x.shape)} and ${show(size)}. Correct them.`,
    );
  }
  const [, , height, width] = x.shape;
  if (height % size[0] === 0 && width % size[1] === 0) {
    return averagePool(x, { kernel: [height / size[0], width / size[1]] });
  }
  return separable(x, cellMeans(size[0], height), cellMeans(size[1], width));
}

function cellMeans(cells: number, pixels: number): AxisWeights {
  return axisWeights(cells, pixels, (put) => {
    for (let i = 0; i < cells; i++) {
      const start = Math.floor((i * pixels) / cells);
      const end = Math.ceil(((i + 1) * pixels) / cells);
      for (let j = start; j < end; j++) put(i, j, 1 / (end - start));
    }
  });
}
