import type { Tensor } from "../../graph/tensor.ts";
import { exp } from "../exp.ts";
import { log } from "../log.ts";
import { stopGradient } from "../stop-gradient.ts";
import { sub } from "../sub.ts";
import { sum } from "../sum.ts";
import { numericExtreme } from "./extreme.ts";
import { requireFloat } from "./require.ts";

/**
 * Logarithm of the softmax along one axis: y = x − ln Σ eˣ, without overflow.
 *
 * x: float, any shape → y: same shape, at most 0.
 * Differs from ONNX `LogSoftmax`, which leaves the GPU: composed, at the same speed on the CPU.
 */
export function logSoftmax(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  requireFloat("logSoftmax", x);
  const along = { axes: [axis], keepDims: true };
  // The result does not depend on the shift, so its gradient is left out.
  const shifted = sub(x, stopGradient(numericExtreme("ReduceMax", x, along)));
  return sub(shifted, log(sum(exp(shifted), along)));
}
