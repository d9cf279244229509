/** SEAM's network, for comparison: its correlation refines class maps, not features (Wang et al. 2020). */
import { xavierUniformInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import {
  add,
  axisSize,
  concat,
  div,
  less,
  max,
  relu,
  resize,
  slice,
  stopGradient,
  sub,
  where,
} from "../../ops/index.ts";
import { correlate } from "./correlation.ts";
import { comparedMaps, type HeadSettings, type PlaceFeatures } from "./network.ts";

const epsilon = 1e-5;

/**
 * Class maps with the background first, and the same refined; both at the picture's size. Parameters as those of `classify`.
 *
 * x: [B, 3, H, W], normalized → [B, 1 + C, H, W] each.
 */
export function seamMaps(
  scope: Scope,
  x: Tensor,
  places: PlaceFeatures,
  classes: number,
  { affinityChannels, ...channels }: Omit<HeadSettings, "correlation" | "scoreStart">,
): { readonly maps: Tensor; readonly refined: Tensor } {
  const size = [axisSize(x, 2), axisSize(x, 3)] as const;
  const scores = conv2d(scope.at("scores"), places.last, classes + 1, {
    ...{ kernel: 1, bias: false, initializer: xavierUniformInitializer() },
  });
  const compared = comparedMaps(scope, x, places, channels, relu);
  const refined = correlate(scope.at("affinity"), strongest(stopGradient(scores)), compared, {
    channels: affinityChannels,
  });
  const whole = (map: Tensor) => resize(map, size, { alignCorners: true });
  return { maps: whole(scores), refined: whole(refined) };
}

/** Maps divided by their largest value; the background is what no class claims, and of the classes only the strongest is kept. */
function strongest(maps: Tensor): Tensor {
  const most = add(max(maps, { axes: [2, 3], keepDims: true }), epsilon);
  const relative = div(relu(sub(maps, epsilon)), most);
  const classes = slice(relative, [{ axis: 1, start: 1, end: axisSize(maps, 1) }]);
  const best = max(classes, { axes: [1], keepDims: true });
  return concat([sub(1, best), where(less(classes, best), 0, classes)], { axis: 1 });
}
