import { normalizeAxis } from "../array/shape.ts";
import { node, type Tensor } from "../graph/tensor.ts";

/**
 * Where along an axis the smallest element is, the first of several. No gradient: the result is a whole number.
 *
 * x: any numeric type without NaN (which place is told where there is one is left open), [..., N, ...] → y: int64 in 0 … N − 1, without the axis, or with size 1 there when `keepDims`.
 * ONNX `ArgMin`, opset 13.
 */
export function argMin(x: Tensor, { axis = -1, keepDims = false }: { axis?: number; keepDims?: boolean } = {}): Tensor {
  const along = normalizeAxis("argMin", axis, x.shape.length);
  return node("ArgMin", [x], {
    attributes: { axis: along, keepdims: keepDims ? 1 : 0, select_last_index: 0 },
    output: { dtype: "int64", shape: keepDims ? x.shape.with(along, 1) : x.shape.toSpliced(along, 1) },
    gradient: null,
  });
}
