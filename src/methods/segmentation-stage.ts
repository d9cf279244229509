import { type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { augment } from "../data/augment.ts";
import type { Sample } from "../data/sample.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor, TensorType } from "../graph/tensor.ts";
import type { LabelMap } from "../image/image.ts";
import { type SegmentationLossSettings, segmentationLoss } from "../losses/segmentation.ts";
import { imageInput } from "../nn/image-input.ts";
import type { Task } from "./method.ts";
import type { Recipe } from "./recipe.ts";
import type { TrainingStage } from "./stage.ts";

/** image: [B, 3, H, W] float in [−1, 1] → class scores [B, K, H, W]. */
export type SegmentationNetwork = (scope: Scope, image: Tensor) => Tensor;

/** What is learned from beside masks: arrays of a sample, and the network on them. */
export interface MaskLearning {
  /** Types of one batch; the first axis is the batch. */
  readonly inputs: Named<TensorType>;
  /** Host: arrays without the batch axis; labels: cropHeight x cropWidth. */
  prepare(sample: Sample, random: Random): { readonly arrays: Named<NdArray>; readonly labels: LabelMap };
  /** Graph: class scores [B, K, cropHeight, cropWidth]. */
  logits(scope: Scope, batch: Named<Tensor>): Tensor;
}

export type MaskStageOptions = Pick<TrainingStage, "name" | "begin" | "requires" | "trains" | "group"> &
  Partial<Pick<TrainingStage, "learnsFrom" | "photographs">>;

/** Supervised training on masks, by the recipe's segmentation loss. */
export function maskStage(
  { inputs, prepare, logits }: MaskLearning,
  settings: Recipe & SegmentationLossSettings,
  task: Task,
  stage: MaskStageOptions,
): TrainingStage {
  const { batchSize, cropHeight, cropWidth } = settings;
  return {
    kind: "training",
    learnsFrom: ["mask"],
    settings,
    inputs: { ...inputs, labels: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth] } },
    prepare(sample, random) {
      const { arrays, labels } = prepare(sample, random);
      return { ...arrays, labels: ndarray("uint8", [labels.height, labels.width], Uint8Array.from(labels.data)) };
    },
    loss: (scope, { labels, ...batch }) => ({
      terms: segmentationLoss(logits(scope, batch), labels, settings, task.frequencies),
    }),
    ...stage,
  };
}

/** Supervised training of a segmentation network on masks: one augmented crop of each sample. */
export function segmentationStage(
  network: SegmentationNetwork,
  settings: Recipe & SegmentationLossSettings,
  task: Task,
  stage: MaskStageOptions,
): TrainingStage {
  const { batchSize, cropHeight, cropWidth } = settings;
  const learning: MaskLearning = {
    inputs: { image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] } },
    prepare(sample, random) {
      const { image, labels } = augment(sample, settings, random);
      return { arrays: { image: ndarray("uint8", [image.height, image.width, 3], image.data) }, labels };
    },
    logits: (scope, { image }) => network(scope, imageInput(image)),
  };
  return maskStage(learning, settings, task, stage);
}
