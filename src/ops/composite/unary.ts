import { type Attribute, type Lowering, node, type Tensor } from "../../graph/tensor.ts";
import { requireFloat } from "./require.ts";

interface UnaryOptions {
  /** dx from (dy, y), null where the derivative is zero everywhere it exists. */
  readonly gradient: ((dy: Tensor, y: Tensor) => Tensor) | null;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
  readonly lower?: Lowering;
  /** Whether integers are allowed too. */
  readonly integers?: boolean;
}

/** Applies an element-wise operator of one operand: same type, same shape. */
export function unary(op: string, x: Tensor, { gradient, integers = false, ...options }: UnaryOptions): Tensor {
  if (!integers) requireFloat(op, x);
  return node(op, [x], { ...options, output: x, gradient: gradient && ((dy, y) => [gradient(dy, y)]) });
}
