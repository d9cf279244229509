/** Training the image encoder to tell the tokens of the labels' maskige (Chen et al. 2023, sec. 3.4: latent prior learning). */
import { type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import { augment } from "../../data/augment.ts";
import type { Sample } from "../../data/sample.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { classWeightsOf } from "../../losses/segmentation.ts";
import type { Task } from "../method.ts";
import type { Losses, TrainingStage } from "../stage.ts";
import { beginning } from "./begin.ts";
import { priorLoss } from "./losses.ts";
import { auxiliaryLogits, type Encoded, encodedImage } from "./network.ts";
import type { GssRecipe } from "./recipe.ts";
import { priorTargets } from "./targets.ts";
import { tokensOf } from "./tokenizer.ts";
import { tokenizerOf } from "./tokenizer-settings.ts";
import { transformOf, untrained } from "./transform.ts";
import { maskigeViews } from "./views.ts";
import { decays, officialNames } from "./weights.ts";

/** requires: see `Stage`. */
export function priorStage(recipe: GssRecipe, task: Task, requires: string | undefined): TrainingStage {
  const { encoderRate, encoder } = recipe;
  const { theirs } = officialNames(findEncoder(encoder));
  return beginning({
    ...{ kind: "training", name: "prior", learnsFrom: ["mask"], requires, settings: recipe },
    inputs: photographInputs(recipe),
    prepare: (sample, random) => preparePhotograph(sample, recipe, random),
    loss: (scope, { image, labels }) => priorLosses(scope, encodedImage(scope, image, recipe), labels, recipe, task),
    trains: (parameter) => isPrior(parameter) && (encoderRate > 0 || !parameter.startsWith("encoder.")),
    group(parameter, rank) {
      const official = theirs(parameter);
      const decay = official === undefined ? rank > 1 : decays(official);
      return { rate: parameter.startsWith("encoder.") ? encoderRate : 1, decay: decay ? 1 : 0 };
    },
    // Where X⁻¹ is trained behind this stage, the nearest colour is all there is yet.
    trials: maskigeViews(untrained(recipe), task),
  });
}

const isPrior = (parameter: string) => /^(encoder|head|auxiliary)\./.test(parameter);

/** Types of a batch of photographs with their labels. */
export function photographInputs({ batchSize, cropHeight, cropWidth }: GssRecipe): TrainingStage["inputs"] {
  return {
    image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
    labels: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth] },
  };
}

export function preparePhotograph(sample: Sample, recipe: GssRecipe, random: Random): Named<NdArray> {
  const { image, labels } = augment(sample, recipe, random);
  return {
    image: ndarray("uint8", [image.height, image.width, 3], image.data),
    labels: ndarray("uint8", [labels.height, labels.width], labels.data),
  };
}

/** What the stage lowers. encoded: of the photographs; labels: [B, H, W] of theirs. */
export function priorLosses(scope: Scope, encoded: Encoded, labels: Tensor, recipe: GssRecipe, task: Task): Losses {
  const classes = task.classes.length;
  const tokenizer = tokenizerOf(recipe, classes);
  const transform = transformOf(recipe, task);
  const { codes, stride } = tokenizer;
  const { grid, head } = encoded;
  const pixelLogits = auxiliaryLogits(scope, encoded, recipe, classes, [stride * grid[0], stride * grid[1]]);
  const place = scope.at("tokenizer").shared();
  const targets = priorTargets(labels, {
    ...{ classes, codes, stride, grid, pixelLogits },
    encode: (completed) => tokensOf(tokenizer, place, transform.paint(scope, completed)),
  });
  // No loss needs it, but what predicts does: a stage has all weights of a part, or none.
  tokenizer.decode(place, targets.tokens);
  return priorLoss(head.classifier, pixelLogits, targets, {
    ...{ tokenWeight: recipe.tokenWeight, pixelWeight: recipe.pixelWeight },
    classWeights: classWeightsOf(recipe, task.frequencies),
  });
}
