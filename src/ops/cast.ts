import { type Dtype, isFloat, onnxTypes } from "../array/dtype.ts";
import { node, type Tensor } from "../graph/tensor.ts";

/**
 * x as another type: floats are cut towards zero to become integers, truth values become 0 and 1. The gradient passes
 * between float types; integers and truth values have none.
 *
 * x: any type and shape → y: `dtype`, same shape; x itself where it has that type already.
 * ONNX `Cast`, opset 19.
 */
export function cast(x: Tensor, dtype: Dtype): Tensor {
  if (x.dtype === dtype) return x;
  const differentiable = isFloat(x.dtype) && isFloat(dtype);
  return node("Cast", [x], {
    attributes: { to: onnxTypes[dtype] },
    output: { dtype, shape: x.shape },
    gradient: differentiable ? (dy) => [cast(dy, x.dtype)] : null,
  });
}
