import { type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { augment } from "../data/augment.ts";
import type { Sample } from "../data/sample.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type SegmentationLossSettings, segmentationLoss } from "../losses/segmentation.ts";
import { imageInput } from "../nn/image-input.ts";
import type { Stage } from "./method.ts";
import type { Recipe } from "./recipe.ts";

/** image: [B, 3, H, W] float in [−1, 1] → class scores [B, classes, H, W]. */
export type SegmentationNetwork<R> = (scope: Scope, image: Tensor, classes: number, recipe: R) => Tensor;

/**
 * Supervised training of a segmentation network on masks: one augmented crop of each sample.
 * begin: see `Stage`.
 */
export function segmentationStage<R extends Recipe & SegmentationLossSettings>(
  name: string,
  network: SegmentationNetwork<R>,
  begin: NonNullable<Stage<R>["begin"]>,
): Stage<R> {
  return {
    name,
    learnsFrom: ["mask"],
    whole: true,
    begin,

    inputs({ batchSize, cropHeight, cropWidth }) {
      return {
        image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
        labels: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth] },
      };
    },

    prepare(sample: Sample, recipe: R, _task, random: Random): Named<NdArray> {
      const { image, labels } = augment(sample, recipe, random);
      return {
        image: ndarray("uint8", [image.height, image.width, 3], image.data),
        labels: ndarray("uint8", [labels.height, labels.width], Uint8Array.from(labels.data)),
      };
    },

    loss(scope, { image, labels }, recipe, task) {
      const logits = network(scope, imageInput(image), task.classes.length, recipe);
      return segmentationLoss(logits, labels, recipe, task.frequencies);
    },
  };
}
