/** Training and prediction on one size of each photograph or on several, as DeepLab's code does. */
import { fromNumbers, type Named } from "../array/ndarray.ts";
import { findEncoder } from "../backbones/encoders.ts";
import type { Scope } from "../graph/scope.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { type SegmentationLossSettings, segmentationLoss } from "../losses/segmentation.ts";
import { multiScale } from "../networks/deeplab/multi-scale.ts";
import { encodedBy, enlarged, scoresFrom } from "../networks/unet/network.ts";
import type { UNetSettings } from "../networks/unet/settings.ts";
import { imageInput } from "../nn/image-input.ts";
import { add, axisSize, gather, softmax } from "../ops/index.ts";
import { checksOf } from "./checks.ts";
import type { Task } from "./method.ts";
import type { SemanticModel } from "./model.ts";
import { logitsOf, networkMethod } from "./network-method.ts";
import type { Recipe } from "./recipe.ts";
import { type MaskStageOptions, segmentationStage } from "./segmentation-stage.ts";
import type { TrainingStage } from "./stage.ts";

export interface MultiScaleSettings extends UNetSettings {
  /** The network learns and predicts on 0.5 and 0.75 of the size as well: DeepLab's MSC. */
  readonly multiScale: boolean;
}

export type MultiScaleRecipe = Recipe & MultiScaleSettings & SegmentationLossSettings;

/** Scores at the picture's size, of 0.5 and of 0.75 of it, and the largest of all; each at the decoder's own size. */
function scoresOfScales(scope: Scope, image: Tensor, recipe: MultiScaleSettings, classes: number): readonly Tensor[] {
  const network = (place: Scope, x: Tensor) => scoresFrom(place, encodedBy(place, x, recipe), classes, recipe);
  const { multiple, roundsUp } = findEncoder(recipe.encoder);
  return multiScale(scope, image, network, { multiple: roundsUp ? 1 : multiple });
}

/** Supervised training on masks: of all sizes where the recipe says so, else as `segmentationStage`. */
export function multiScaleStage(recipe: MultiScaleRecipe, task: Task, options: MaskStageOptions): TrainingStage {
  const single = segmentationStage(logitsOf(recipe, task), recipe, task, options);
  if (!recipe.multiScale) return single;
  return {
    ...single,
    loss: (scope, { image, labels }) => ({ terms: lossOfScales(scope, { image, labels }, recipe, task) }),
  };
}

/** The sum over all sizes; labels are made as small as the scores, each the nearest pixel's. */
function lossOfScales(
  scope: Scope,
  { image, labels }: { readonly image: Tensor; readonly labels: Tensor },
  recipe: MultiScaleRecipe,
  task: Task,
): Named<Tensor> {
  const each = scoresOfScales(scope, imageInput(image), recipe, task.classes.length).map((scores) =>
    segmentationLoss(scores, reducedLabels(labels, axisSize(scores, 2), axisSize(scores, 3)), recipe, task.frequencies),
  );
  const names = Object.keys(each[0]);
  return Object.fromEntries(names.map((name) => [name, each.map((terms) => terms[name]).reduce((a, b) => add(a, b))]));
}

/** Pixels in the middle of what each place stands for, as Pillow's nearest. labels: [B, H, W] → [B, height, width]. */
export function reducedLabels(labels: Tensor, height: number, width: number): Tensor {
  const read = (axis: number, count: number) => {
    const size = axisSize(labels, axis);
    const places = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * size) / count));
    return constant(fromNumbers("int64", [count], places));
  };
  return gather(gather(labels, read(1, height), { axis: 1 }), read(2, width), { axis: 2 });
}

/** What predicts: of several sizes, the largest score of each class. */
export function multiScaleModel(recipe: Recipe & MultiScaleSettings, task: Task): SemanticModel {
  const model = networkMethod.model(recipe, task);
  if (!recipe.multiScale) return model;
  return {
    ...model,
    scores(scope, image) {
      const largest = scoresOfScales(scope, imageInput(image), recipe, task.classes.length).at(-1)!;
      return softmax(enlarged(largest, [axisSize(image, 1), axisSize(image, 2)]), { axis: 1 });
    },
  };
}

/** Throws UsageError where several sizes are asked of an encoder that takes one. */
export function checkMultiScale(recipe: Recipe & MultiScaleSettings): void {
  const { require } = checksOf(recipe);
  const fits = !recipe.multiScale || findEncoder(recipe.encoder).size === undefined;
  require(fits, "multiScale", `false for ${recipe.encoder}, which was made for one size`, "Leave it out.");
}
