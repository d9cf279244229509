/** One network on a picture at several sizes (Chen et al. 2018, sec. 3.1; the MSC wrapper of DeepLab's code). */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { axisSize, maximum, resize } from "../../ops/index.ts";

/** x: [B, 3, H, W] → scores [B, K, h, w]. */
export type PlaceScores = (scope: Scope, x: Tensor) => Tensor;

export interface MultiScaleOptions {
  readonly scales?: readonly number[];
  /** Sides of pictures that the network takes are multiples of this; default 1. */
  readonly multiple?: number;
}

/**
 * Scores at the picture's own size, at each smaller scale, and last the largest of all at the size of the first. The same weights see all
 * sizes. x: [B, 3, H, W] → scales + 2 tensors.
 */
export function multiScale(
  scope: Scope,
  x: Tensor,
  network: PlaceScores,
  { scales = [0.5, 0.75], multiple = 1 }: MultiScaleOptions = {},
): readonly Tensor[] {
  const shared = scope.shared();
  const first = network(shared, x);
  const smaller = scales.map((scale) => {
    const sides = [axisSize(x, 2), axisSize(x, 3)];
    if (multiple === 1) {
      const [height, width] = sides.map((side) => Math.floor(side * scale));
      return network(shared, resize(x, [height, width], { scale: [scale, scale] }));
    }
    const [height, width] = sides.map((side) => Math.max(1, Math.round((side * scale) / multiple)) * multiple);
    return network(shared, resize(x, [height, width]));
  });
  const size = [axisSize(first, 2), axisSize(first, 3)] as const;
  const best = smaller.reduce((most, scores) => maximum(most, resize(scores, size)), first);
  return [first, ...smaller, best];
}
