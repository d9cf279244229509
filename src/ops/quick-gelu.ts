import type { Tensor } from "../graph/tensor.ts";
import { swish } from "./composite/swish.ts";

/**
 * y = x · sigmoid(1.702 x), a fast approximation of GELU (Hendrycks and Gimpel 2016, section 2), used by CLIP.
 *
 * x: float, any shape → y: same shape.
 */
export function quickGelu(x: Tensor): Tensor {
  return swish(x, 1.702);
}
