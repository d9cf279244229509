import { normalizeAxis } from "../array/shape.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";

interface CumSumOptions {
  readonly axis?: number;
  /** From the end to the beginning. */
  readonly reverse?: boolean;
  /** Without the element itself: the first result is 0. */
  readonly exclusive?: boolean;
}

/**
 * Running sum along an axis: yᵢ = x₀ + … + xᵢ.
 *
 * x: any numeric type → y: same shape.
 * ONNX `CumSum`, opset 14.
 */
export function cumSum(x: Tensor, { axis = -1, reverse = false, exclusive = false }: CumSumOptions = {}): Tensor {
  const along = normalizeAxis("cumSum", axis, x.shape.length);
  return node("CumSum", [x, constant(along, "int64")], {
    attributes: { reverse: reverse ? 1 : 0, exclusive: exclusive ? 1 : 0 },
    output: x,
    gradient: (dy) => [cumSum(dy, { axis: along, reverse: !reverse, exclusive }), null],
  });
}
