import { constant, type Tensor } from "../../graph/tensor.ts";
import { cast } from "../cast.ts";
import { elementwise, type Operand, operands } from "./elementwise.ts";

/** Applies a comparison. Small integers are widened first: ONNX Runtime compares int32, int64 and floats. */
export function comparison(op: string, a: Operand, b: Operand): Tensor {
  const [left, right] = operands(op, a, b).map(widen);
  return elementwise(op, left, right, () => ({ gradient: null, dtype: "bool" }));
}

function widen(x: Tensor): Tensor {
  const small = x.dtype === "uint8" || x.dtype === "int8" || x.dtype === "uint16" || x.dtype === "int16";
  if (!small) return x;
  // A number compared with bytes must not be a byte itself: 300 would wrap.
  const value = x.source.kind === "constant" && x.shape.length === 0 ? x.source.value : null;
  return value === null ? cast(x, "int32") : constant(Number(value.data[0]), "int32");
}
