/** SEAM's network, for comparison: its correlation refines class maps, not features (Wang et al. 2020). */
import { heNormalInitializer, xavierUniformInitializer } from "../../graph/initializer.ts";
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
import type { HeadSettings, PlaceFeatures } from "./network.ts";

const epsilon = 1e-5;

/**
 * Class maps with the background first, and the same refined; both at the picture's size. Parameters as those of `classify`.
 *
 * x: [B, 3, H, W], normalized → [B, 1 + C, H, W] each.
 */
export function seamMaps(
  scope: Scope,
  x: Tensor,
  { early, late, last }: PlaceFeatures,
  classes: number,
  { earlyChannels, lateChannels, affinityChannels }: Omit<HeadSettings, "correlation">,
): { readonly maps: Tensor; readonly refined: Tensor } {
  const grid = [axisSize(last, 2), axisSize(last, 3)] as const;
  const size = [axisSize(x, 2), axisSize(x, 3)] as const;
  const options = { kernel: 1, bias: false } as const;
  const scores = conv2d(scope.at("scores"), last, classes + 1, { ...options, initializer: xavierUniformInitializer() });
  const project = (name: string, map: Tensor, channels: number) =>
    relu(
      conv2d(scope.at(name), stopGradient(map), channels, { ...options, initializer: heNormalInitializer("fanIn") }),
    );
  const compared = concat(
    [
      resize(x, grid, { alignCorners: true }),
      project("early", early, earlyChannels),
      project("late", late, lateChannels),
    ],
    { axis: 1 },
  );
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
