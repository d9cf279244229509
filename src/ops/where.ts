import { broadcastShapes } from "../array/shape.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { type Operand, operands, withoutExpand } from "./composite/elementwise.ts";
import { requireType } from "./composite/require.ts";
import { sumTo } from "./composite/sum-to.ts";

/**
 * a where the condition is true, b where it is false, broadcasting. The side not chosen gets no gradient, even if its
 * value is infinite or NaN.
 *
 * condition: bool; a, b: same type; a plain number takes the other's type → y: the broadcast shape of all three.
 * ONNX `Where`, opset 16.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  requireType("where", "condition", condition, "bool");
  const [left, right] = operands("where", a, b);
  const shape = broadcastShapes("where", condition.shape, broadcastShapes("where", left.shape, right.shape));
  const output = { dtype: left.dtype, shape };
  return node("Where", [condition, left, right], {
    output,
    gradient: (dy) => [null, sumTo(where(condition, dy, 0), left.shape), sumTo(where(condition, 0, dy), right.shape)],
    lower: (inputs) => {
      const small = withoutExpand(inputs as readonly Tensor[], shape);
      return small === null ? null : [node("Where", small, { output, gradient: null })];
    },
  });
}
