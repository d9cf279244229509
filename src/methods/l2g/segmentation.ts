/** The network that learns the pseudo masks, on one size of each photograph or on several, as DeepLab's code does. */

import { fromNumbers, type Named } from "../../array/ndarray.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { segmentationLoss } from "../../losses/segmentation.ts";
import { multiScale } from "../../networks/deeplab/multi-scale.ts";
import { encodedBy, enlarged, scoresFrom } from "../../networks/unet/network.ts";
import { imageInput } from "../../nn/image-input.ts";
import { add, axisSize, gather, softmax } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { SemanticModel } from "../model.ts";
import { encoderTraining, logitsOf, networkMethod } from "../network-method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Trained, TrainingStage } from "../stage.ts";
import type { L2GRecipe } from "./recipe.ts";

/** Scores at the picture's size, of 0.75 and of 0.5 of it, and the largest of all; each at the decoder's own size. */
function scoresOfScales(scope: Scope, image: Tensor, recipe: L2GRecipe, classes: number): readonly Tensor[] {
  const network = (place: Scope, x: Tensor) => scoresFrom(place, encodedBy(place, x, recipe), classes, recipe);
  return multiScale(scope, image, network, { multiple: findEncoder(recipe.encoder).multiple });
}

/** The segmentation network goes on from the global network's encoder, or from an encoder of its own. */
function begin({ weights, stage }: Trained) {
  if (stage === "encoder") return { weights, notes: [] };
  const prefix = "globalEncoder.";
  const own = Object.entries(weights).filter(([name]) => name.startsWith(prefix));
  return {
    weights: Object.fromEntries(own.map(([name, array]) => [`encoder.${name.slice(prefix.length)}`, array])),
    notes: [],
  };
}

export function maskStage(recipe: L2GRecipe, task: Task): TrainingStage {
  const options = { name: "train", begin, ...encoderTraining(recipe.encoderRate) };
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
  recipe: L2GRecipe,
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
export function segmentationModel(recipe: L2GRecipe, task: Task): SemanticModel {
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
