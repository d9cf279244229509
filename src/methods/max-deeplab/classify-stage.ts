/** Pretraining of the pixel path where no file is at hand: photographs are classified by their tags. */
import { type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import type { Sample } from "../../data/sample.ts";
import { viewLabels } from "../../image/resize.ts";
import { binaryCrossEntropy } from "../../losses/binary-cross-entropy.ts";
import type { Task } from "../method.ts";
import type { Beginning, Trained, TrainingStage } from "../stage.ts";
import { cropTags, tagsTrial } from "../tags.ts";
import { drawPlace, placedImage } from "./augment.ts";
import { isBackbone } from "./names.ts";
import { classified } from "./network.ts";
import type { MaxDeepLabRecipe } from "./recipe.ts";
import { resNetStart } from "./resnet-start.ts";

/** Of the layer that this stage alone has. */
export function isClassifier(parameter: string): boolean {
  return parameter.startsWith("classifier.");
}

/** The recipe as this stage has it. */
function classifyRecipe(recipe: MaxDeepLabRecipe): MaxDeepLabRecipe {
  return {
    ...recipe,
    ...{ steps: recipe.classifySteps, warmupSteps: recipe.classifyWarmupSteps, batchSize: recipe.classifyBatchSize },
    ...{ cropHeight: recipe.classifySize, cropWidth: recipe.classifySize, accumulate: 1 },
    ...{ optimizer: "adamw", learningRate: recipe.classifyRate, weightDecay: recipe.classifyWeightDecay },
    ...{ schedule: "cosine", finalRate: 0, warmupStart: 0 },
  };
}

/** One crop, and its tags. */
function prepare(
  { image, labels }: Sample,
  settings: MaxDeepLabRecipe,
  { classes }: Task,
  random: Random,
): Named<NdArray> {
  const place = drawPlace([image.height, image.width], settings, random);
  const size = [settings.cropHeight, settings.cropWidth] as const;
  const mask = labels.mask && viewLabels(labels.mask, place.view);
  return {
    image: ndarray("uint8", [...size, 3], placedImage(image, place, size).data),
    tags: cropTags(labels, mask, classes.length),
  };
}

/** What other runs trained of the pixel path; the rest waits for the stages that follow. */
function begin(from: Trained, recipe: MaxDeepLabRecipe): Beginning {
  if (from.stage === "encoder") return resNetStart(from, recipe);
  const of = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(from.weights).filter(([name]) => wanted(name)));
  return {
    weights: of(isBackbone),
    kept: of((name) => !isBackbone(name) && !isClassifier(name)),
    notes: ["the classifier starts anew"],
  };
}

export function classifyStage(recipe: MaxDeepLabRecipe, task: Task): TrainingStage {
  const settings = classifyRecipe(recipe);
  const { batchSize, cropHeight, cropWidth } = settings;
  const still = { ...settings, scaleMin: 1, scaleMax: 1, flipProbability: 0 };
  const count = task.classes.length;
  return {
    ...{ kind: "training", name: "classify", learnsFrom: ["tags"], settings, predicts: false },
    fields: { steps: "classifySteps", warmupSteps: "classifyWarmupSteps" },
    begin: (from) => begin(from, recipe),
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
      tags: { dtype: "float32", shape: [batchSize, count] },
    },
    prepare: (sample, random) => prepare(sample, settings, task, random),
    loss: (scope, { image, tags }) => ({
      terms: { tags: binaryCrossEntropy(classified(scope, image, settings, count), tags) },
    }),
    trials: [
      tagsTrial(
        (sample, random) => prepare(sample, still, task, random),
        (scope, { image }) => classified(scope, image, settings, count),
      ),
    ],
  };
}
