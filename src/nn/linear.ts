import { fanInUniformInitializer, type Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, axisSize, matmul } from "../ops/index.ts";

export interface LinearOptions {
  readonly bias?: boolean;
  /** Default for weight and bias: uniform within ±1/√inputs, as PyTorch starts them. */
  readonly weightInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/**
 * y = x·Wᵀ + b over the last axis. x: [..., I] → y: [..., width].
 *
 * Parameters: `weight` [width, I] and `bias` [width], PyTorch's names and layout.
 */
export function linear(
  scope: Scope,
  x: Tensor,
  width: number,
  { bias = true, weightInitializer, biasInitializer }: LinearOptions = {},
): Tensor {
  const inputs = axisSize(x, -1);
  const usual = fanInUniformInitializer(inputs);
  const weight = scope.parameter("weight", [width, inputs], weightInitializer ?? usual);
  const product = matmul(x, weight, { transposeB: true }); // [..., width]
  return bias ? add(product, scope.parameter("bias", [width], biasInitializer ?? usual)) : product;
}
