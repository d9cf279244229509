import { type NdArray, ndarray } from "../array/ndarray.ts";
import { augment } from "../data/augment.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type SegmentationLossSettings, segmentationLoss } from "../losses/segmentation.ts";
import { imageInput } from "../nn/image-input.ts";
import type { Task } from "./method.ts";
import type { Recipe } from "./recipe.ts";
import type { TrainingStage } from "./stage.ts";

/** image: [B, 3, H, W] float in [−1, 1] → class scores [B, K, H, W]. */
export type SegmentationNetwork = (scope: Scope, image: Tensor) => Tensor;

/** Supervised training of a segmentation network on masks: one augmented crop of each sample. */
export function segmentationStage(
  network: SegmentationNetwork,
  settings: Recipe & SegmentationLossSettings,
  task: Task,
  stage: Pick<TrainingStage, "name" | "begin" | "requires" | "trains" | "group">,
): TrainingStage {
  const { batchSize, cropHeight, cropWidth } = settings;
  return {
    kind: "training",
    learnsFrom: ["mask"],
    settings,
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
      labels: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth] },
    },
    prepare(sample, random): Record<"image" | "labels", NdArray> {
      const { image, labels } = augment(sample, settings, random);
      return {
        image: ndarray("uint8", [image.height, image.width, 3], image.data),
        labels: ndarray("uint8", [labels.height, labels.width], Uint8Array.from(labels.data)),
      };
    },
    loss(scope, { image, labels }) {
      const logits = network(scope, imageInput(image));
      return { terms: segmentationLoss(logits, labels, settings, task.frequencies) };
    },
    ...stage,
  };
}
