/** How well a stage that learns tags ranks them. */
import { type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import type { Sample } from "../data/sample.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { meanAveragePrecision } from "../metrics/average-precision.ts";
import { shares } from "../metrics/measure.ts";
import { sigmoid } from "../ops/index.ts";
import type { Trial } from "./stage.ts";

/**
 * Mean average precision of tags on 200 images. prepare: one crop that does not vary, and `tags` [K], 1 for each class that is there;
 * images without tags are left out. logits: what the network says of a batch of these, [B, K].
 */
export function tagsTrial(
  prepare: (sample: Sample, random: Random) => Named<NdArray>,
  logits: (scope: Scope, inputs: Named<Tensor>) => Tensor,
): Trial {
  return {
    name: "tags",
    images: 200,
    prepare: (sample, random) => (sample.labels.tags === undefined ? null : prepare(sample, random)),
    outputs: (scope, inputs) => ({ scores: sigmoid(logits(scope, inputs)), truth: inputs.tags }),
    scores(results) {
      const scores = results.map((result) => toNumbers(result.scores));
      const truth = results.map((result) => toNumbers(result.truth).map((tag) => tag > 0));
      return shares({ "mean average precision": meanAveragePrecision(scores, truth) });
    },
  };
}
