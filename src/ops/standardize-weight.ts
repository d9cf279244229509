import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, div, mean, reshape, sqrt, square, sub } from "./index.ts";

export interface StandardizeWeightOptions {
  readonly epsilon?: number;
  /** Where epsilon goes: under the root of the variance, or beside the deviation. Published networks differ. */
  readonly mode?: "sqrt(var+eps)" | "sqrt(var)+eps";
}

/**
 * Weight standardization (Qiao et al. 2019, eq. 2–3): each output channel's weights to mean 0 and deviation 1.
 *
 * w: [O, ...] float → as w. Biased variance.
 */
export function standardizeWeight(
  w: Tensor,
  { epsilon = 1e-5, mode = "sqrt(var+eps)" }: StandardizeWeightOptions = {},
): Tensor {
  if (w.shape.length < 2) {
    throw new InputError(`standardizeWeight: expected w [O, ...], got ${show(w.shape)}. Pass the weight of a layer.`);
  }
  const rows = reshape(w, [w.shape[0], -1]);
  const centred = sub(rows, mean(rows, { axes: [1], keepDims: true }));
  const variance = mean(square(centred), { axes: [1], keepDims: true });
  const deviation = mode === "sqrt(var+eps)" ? sqrt(add(variance, epsilon)) : add(sqrt(variance), epsilon);
  return reshape(div(centred, deviation), w.shape);
}
