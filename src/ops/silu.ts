import type { Tensor } from "../graph/tensor.ts";
import { swish } from "./composite/swish.ts";

/**
 * y = x · sigmoid(x), also called swish (Ramachandran et al. 2017).
 *
 * x: float, any shape → y: same shape, at least −0.2785.
 */
export function silu(x: Tensor): Tensor {
  return swish(x, 1);
}
