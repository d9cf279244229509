/** What stages that learn tags share: which hold for a crop, the layer that says so, and how well it ranks them. */
import { type Named, type NdArray, ndarray, toNumbers } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { tagsOf } from "../data/labels.ts";
import type { Labels, Sample } from "../data/sample.ts";
import { zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { LabelMap } from "../image/image.ts";
import { meanAveragePrecision } from "../metrics/average-precision.ts";
import { shares } from "../metrics/measure.ts";
import { linear } from "../nn/linear.ts";
import { sigmoid } from "../ops/index.ts";
import type { Trial } from "./stage.ts";

/**
 * What a crop of a sample teaches, [K]: 1 for each class that the sample's tags name, or, where they followed from a mask, that the crop of
 * the mask shows.
 */
export function cropTags({ tags = [] }: Labels, cropMask: LabelMap | undefined, classes: number): NdArray {
  const found = new Float32Array(classes);
  for (const tag of cropMask === undefined ? tags : tagsOf(cropMask)) found[tag] = 1;
  return ndarray("float32", [classes], found);
}

/** Logits of tags by one layer, which begins at chance. pooled: [B, C] → [B, classes]. */
export function tagLogits(scope: Scope, pooled: Tensor, classes: number): Tensor {
  return linear(scope, pooled, classes, { weightInitializer: zerosInitializer, biasInitializer: zerosInitializer });
}

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
