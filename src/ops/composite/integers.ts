import { fromNumbers } from "../../array/ndarray.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";

/** An int64 vector inside the graph, as ONNX wants shapes, axes and pads. */
export function integers(values: readonly number[]): Tensor {
  return constant(fromNumbers("int64", [values.length], values));
}
