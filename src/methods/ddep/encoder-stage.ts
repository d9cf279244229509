import { type Named, ndarray, toNumbers } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { encoder } from "../../backbones/transunet/encoder.ts";
import { type Part, transferTransUNet } from "../../backbones/transunet/transfer.ts";
import { publishedName } from "../../backbones/transunet/weights.ts";
import { augment } from "../../data/augment.ts";
import type { Sample } from "../../data/sample.ts";
import { tagsOf } from "../../data/tags.ts";
import { zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { binaryCrossEntropy } from "../../losses/binary-cross-entropy.ts";
import { meanAveragePrecision } from "../../metrics/average-precision.ts";
import { imageInput } from "../../nn/image-input.ts";
import { linear } from "../../nn/linear.ts";
import { mean, sigmoid } from "../../ops/index.ts";
import type { Earlier, Stage, Task } from "../method.ts";
import type { DdepRecipe } from "./recipe.ts";

/** The recipe as the encoder stage has it. */
export function encoderRecipe(recipe: DdepRecipe): DdepRecipe {
  return {
    ...recipe,
    steps: recipe.encoderSteps,
    batchSize: recipe.encoderBatchSize,
    cropHeight: recipe.encoderCropHeight,
    cropWidth: recipe.encoderCropWidth,
    scaleMin: recipe.encoderScaleMin,
    scaleMax: recipe.encoderScaleMax,
    cropMaxShare: 1,
    optimizer: "adamw",
    schedule: "cosine",
    finalRate: 0,
    accumulate: 1,
    learningRate: recipe.encoderLearningRate,
    weightDecay: recipe.encoderWeightDecay,
    warmupSteps: recipe.encoderWarmupSteps,
  };
}

/** Class scores of whole images: mean of the tokens, one layer. image: [B, 3, H, W] in [−1, 1] → [B, K]. */
function classifier(scope: Scope, image: Tensor, classes: number, recipe: DdepRecipe): Tensor {
  const { tokens } = encoder(scope.drawnAs(publishedName).at("encoder"), image, recipe); // [B, T, D]
  // Differs: the published files were trained on a class token, which TransUNet's encoder does not have.
  const pooled = mean(tokens, { axes: [1] }); // [B, D]
  return linear(scope.at("classifier"), pooled, classes, {
    weightInitializer: zerosInitializer,
    biasInitializer: zerosInitializer,
  });
}

/** One crop, and 1 for each class that the sample's tags name (or, without tags, that its mask shows in the crop). */
function prepare(sample: Sample, recipe: DdepRecipe, { classes }: Task, random: Random) {
  const { image, labels } = augment(sample, recipe, random);
  const tags = new Float32Array(classes.length);
  for (const tag of sample.tags ?? tagsOf(labels)) tags[tag] = 1;
  return {
    image: ndarray("uint8", [image.height, image.width, 3], image.data),
    tags: ndarray("float32", [classes.length], tags),
  };
}

function inputs({ cropHeight, cropWidth }: DdepRecipe, { classes }: Task, batchSize: number) {
  return {
    image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
    tags: { dtype: "float32", shape: [batchSize, classes.length] },
  } as const;
}

/** From another classification only the encoder is taken: its classes are others. */
function begin({ weights, recipe: from, source }: Earlier, recipe: DdepRecipe) {
  const parts: readonly Part[] = ["encoder"];
  return transferTransUNet(weights, from as DdepRecipe, recipe, { parts, outputs: 0, source });
}

/** Supervised pretraining of the encoder: classification of images by their tags, several of which may hold. */
export const encoderStage: Stage<DdepRecipe> = {
  name: "encoder",
  learnsFrom: "tags",
  whole: false,
  recipe: encoderRecipe,
  begin,
  inputs: (recipe, task) => inputs(recipe, task, recipe.batchSize),
  prepare,
  loss(scope, { image, tags }: Named<Tensor>, recipe, task) {
    return { tags: binaryCrossEntropy(classifier(scope, imageInput(image), task.classes.length, recipe), tags) };
  },
  trial: {
    unit: "share",
    images: 200,
    inputs: (recipe, task) => inputs(recipe, task, 1),
    prepare(sample, recipe, task, random) {
      if (sample.tags === undefined && sample.labels === undefined) return null;
      return prepare(
        sample,
        { ...recipe, scaleMax: recipe.scaleMin, flipProbability: 0, photometric: 0 },
        task,
        random,
      );
    },
    outputs(scope, { image, tags }, recipe, task) {
      return { scores: sigmoid(classifier(scope, imageInput(image), task.classes.length, recipe)), truth: tags };
    },
    scores(results): Named<number | null> {
      const scores = results.map((result) => toNumbers(result.scores));
      const truth = results.map((result) => toNumbers(result.truth).map((tag) => tag > 0));
      return { "mean average precision": meanAveragePrecision(scores, truth) };
    },
  },
};
