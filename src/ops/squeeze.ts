import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { reshape } from "./reshape.ts";

/**
 * x without an axis of size 1.
 *
 * x: any type, size 1 on `axis` → y: one axis fewer.
 * Written as ONNX `Reshape`: shapes are static, and one operator is simpler to optimize than three.
 */
export function squeeze(x: Tensor, axis: number): Tensor {
  const along = normalizeAxis("squeeze", axis, x.shape.length);
  if (x.shape[along] !== 1) {
    throw new InputError(
      `squeeze: axis ${axis} must have size 1, got ${x.shape[along]} in shape ${show(x.shape)}. Reduce or index it.`,
    );
  }
  return reshape(x, x.shape.toSpliced(along, 1));
}
