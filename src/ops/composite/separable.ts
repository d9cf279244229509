import { float32 } from "../../array/ndarray.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { matmul } from "../index.ts";

/** Output × input weights of one axis, row by row; null where that axis stays as it is. */
export interface AxisWeights {
  readonly outputs: number;
  readonly inputs: number;
  readonly weights: Float32Array;
}

/** Weights of an axis from its non-zero entries: `fill` calls back with output, input and weight; equal places add up. */
export function axisWeights(
  outputs: number,
  inputs: number,
  fill: (put: (output: number, input: number, weight: number) => void) => void,
): AxisWeights {
  const weights = new Float64Array(outputs * inputs);
  fill((output, input, weight) => {
    weights[output * inputs + input] += weight;
  });
  return { outputs, inputs, weights: Float32Array.from(weights) };
}

/**
 * A linear map that treats rows and columns apart: y = Vertical · x · Horizontalᵀ on the last two axes, as matrix
 * products with constant matrices, so its gradient is the same with transposed matrices.
 *
 * x: [..., H, W] float32 → y: [..., H′, W′].
 */
export function separable(x: Tensor, vertical: AxisWeights, horizontal: AxisWeights): Tensor {
  const alongWidth = () => (isIdentity(horizontal) ? null : matrixOf(horizontal));
  const down = (tensor: Tensor) => (isIdentity(vertical) ? tensor : matmul(matrixOf(vertical), tensor));
  const across = (tensor: Tensor) => {
    const matrix = alongWidth();
    return matrix === null ? tensor : matmul(tensor, matrix, { transposeB: true });
  };
  // The cheaper order first: the one that leaves fewer elements for the second product.
  const shrinksHeightMore = vertical.outputs * horizontal.inputs < horizontal.outputs * vertical.inputs;
  return shrinksHeightMore ? across(down(x)) : down(across(x));
}

function matrixOf({ outputs, inputs, weights }: AxisWeights): Tensor {
  return constant(float32([outputs, inputs], weights));
}

function isIdentity({ outputs, inputs, weights }: AxisWeights): boolean {
  return outputs === inputs && weights.every((weight, i) => weight === (i % (inputs + 1) === 0 ? 1 : 0));
}
