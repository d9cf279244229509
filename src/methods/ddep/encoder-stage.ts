import { type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { augment } from "../../data/augment.ts";
import type { Sample } from "../../data/sample.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { binaryCrossEntropy } from "../../losses/binary-cross-entropy.ts";
import { networkOf } from "../../networks/network.ts";
import { imageInput } from "../../nn/image-input.ts";
import type { Task } from "../method.ts";
import type { Trained, TrainingStage, Trial } from "../stage.ts";
import { cropTags, tagLogits, tagsTrial } from "../tags.ts";
import type { DdepRecipe } from "./recipe.ts";

/** The recipe as the encoder stage has it. */
function encoderRecipe(recipe: DdepRecipe): DdepRecipe {
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
    warmupStart: 0,
    accumulate: 1,
    learningRate: recipe.encoderLearningRate,
    weightDecay: recipe.encoderWeightDecay,
    warmupSteps: recipe.encoderWarmupSteps,
  };
}

/** Class scores of whole images: mean of the encoder's last features, one layer. image: [B, 3, H, W] in [−1, 1] → [B, K]. */
function classifier(scope: Scope, image: Tensor, classes: number, recipe: DdepRecipe): Tensor {
  return tagLogits(scope.at("classifier"), networkOf(recipe).pooled(scope, image), classes);
}

/** One crop, and its tags. */
function prepare(
  sample: Sample,
  recipe: DdepRecipe,
  classes: number,
  random: Random,
): Record<"image" | "tags", NdArray> {
  const { image, labels } = augment(sample, recipe, random);
  return {
    image: ndarray("uint8", [image.height, image.width, 3], image.data),
    tags: cropTags(sample.labels, sample.labels.mask && labels, classes),
  };
}

/** From another classification only the encoder is taken: its classes are others. */
function begin({ weights, recipe: from, source }: Trained, settings: DdepRecipe) {
  return networkOf(settings).transfer(weights, from, { parts: ["encoder"], outputs: 0, source });
}

/** Supervised pretraining of the encoder: classification of images by their tags, several of which may hold. */
export function encoderStage(recipe: DdepRecipe, task: Task): TrainingStage {
  const settings = encoderRecipe(recipe);
  const { batchSize, cropHeight, cropWidth } = settings;
  const classes = task.classes.length;
  return {
    kind: "training",
    name: "encoder",
    learnsFrom: ["tags"],
    settings,
    fields: { steps: "encoderSteps", warmupSteps: "encoderWarmupSteps" },
    begin: (from) => begin(from, settings),
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
      tags: { dtype: "float32", shape: [batchSize, classes] },
    },
    prepare: (sample, random) => prepare(sample, settings, classes, random),
    loss: (scope, { image, tags }) => ({
      terms: { tags: binaryCrossEntropy(classifier(scope, imageInput(image), classes, settings), tags) },
    }),
    trials: [trial(settings, classes)],
  };
}

/** How well tags are ranked, on crops that do not vary. */
function trial(settings: DdepRecipe, classes: number): Trial {
  const still = { ...settings, scaleMax: settings.scaleMin, flipProbability: 0, photometric: 0 };
  return tagsTrial(
    (sample, random) => prepare(sample, still, classes, random),
    (scope, { image }) => classifier(scope, imageInput(image), classes, settings),
  );
}
