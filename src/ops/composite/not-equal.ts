import type { Tensor } from "../../graph/tensor.ts";
import { equal } from "../equal.ts";
import { not } from "../not.ts";
import type { Operand } from "./elementwise.ts";

/**
 * Whether a ≠ b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 */
export function notEqual(a: Operand, b: Operand): Tensor {
  return not(equal(a, b));
}
