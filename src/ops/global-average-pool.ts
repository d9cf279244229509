import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { mean } from "./index.ts";

/** The mean of each channel. x: [B, C, H, W] float → y: [B, C, 1, 1]. */
export function globalAveragePool(x: Tensor): Tensor {
  if (x.shape.length !== 4) {
    throw new InputError(`globalAveragePool: expected x [B, C, H, W], got ${show(x.shape)}. Reshape it.`);
  }
  return mean(x, { axes: [2, 3], keepDims: true });
}
