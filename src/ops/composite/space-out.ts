import type { Tensor } from "../../graph/tensor.ts";
import { pad } from "../pad.ts";
import { reshape } from "../reshape.ts";
import { slice } from "../slice.ts";

/**
 * x with step − 1 zeros between neighbours on an axis.
 *
 * x: size n on `axis` → y: size (n − 1) · step + 1 there, 0 for 0.
 */
export function spaceOut(x: Tensor, axis: number, step: number): Tensor {
  const size = x.shape[axis];
  if (step === 1 || size <= 1) return x;
  const cells = reshape(x, x.shape.toSpliced(axis + 1, 0, 1)); // [..., n, 1, ...]
  const after = cells.shape.map((_, i) => (i === axis + 1 ? step - 1 : 0));
  const filled = reshape(pad(cells, { after }), x.shape.with(axis, size * step));
  return slice(filled, [{ axis, end: (size - 1) * step + 1 }]);
}
