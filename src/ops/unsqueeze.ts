import { normalizeAxis } from "../array/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { reshape } from "./reshape.ts";

/**
 * x with a new axis of size 1, which is axis `axis` of the result.
 *
 * x: any type → y: one axis more.
 * Written as ONNX `Reshape`, as `squeeze` is.
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const along = normalizeAxis("unsqueeze", axis, x.shape.length + 1);
  return reshape(x, x.shape.toSpliced(along, 0, 1));
}
