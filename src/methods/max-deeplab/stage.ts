/** Training on panoptic segments, from a photograph to the terms that are lowered. */
import { fromNumbers, type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import type { Sample } from "../../data/sample.ts";
import { InputError } from "../../errors.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { mean } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Beginning, Losses, Trained, TrainingStage } from "../stage.ts";
import { changeColors, drawPlace, placedImage, placedSegments } from "./augment.ts";
import { isClassifier } from "./classify-stage.ts";
import { isBackbone } from "./names.ts";
import { maxDeepLab, semanticLogits } from "./network.ts";
import type { MaxDeepLabRecipe } from "./recipe.ts";
import { resNetStart } from "./resnet-start.ts";
import { classOrder, labelsOf, maskTargets } from "./targets.ts";
import { lossTerms } from "./terms.ts";

/** Of what masks are made on, in pixels. */
const stride = 4;

/** Sides of masks: those of the view, less the last pixel, by four, plus one. */
function maskSize({ cropHeight, cropWidth }: MaxDeepLabRecipe): readonly [number, number] {
  return [(cropHeight - 1) / stride + 1, (cropWidth - 1) / stride + 1];
}

/** One sample as the network sees it, and its targets. */
export function prepare(
  { image, labels, source }: Sample,
  recipe: MaxDeepLabRecipe,
  { classes }: Task,
  random: Random,
): Named<NdArray> {
  if (labels.panoptic === undefined) {
    throw new InputError(`${source}: expected panoptic segments, got none. Train on a data set that has them.`);
  }
  const size = [recipe.cropHeight, recipe.cropWidth] as const;
  const place = drawPlace([image.height, image.width], recipe, random);
  const colored = recipe.colorPolicy === 1 ? changeColors(image, random) : image;
  const seen = placedImage(colored, place, size);
  const found = labelsOf(placedSegments(labels.panoptic, place, size), classes, recipe, source);
  const targets = maskTargets(found, classOrder(classes), stride);
  const small = [targets.height, targets.width];
  const weight = new Float32Array(targets.height * targets.width);
  for (let y = 0, to = 0; y < targets.height; y++) {
    for (let x = 0; x < targets.width; x++, to++) weight[to] = found.weight[(y * found.width + x) * stride];
  }
  return {
    image: ndarray("uint8", [...size, 3], seen.data),
    segment: ndarray("int32", small, targets.segment),
    nonvoid: ndarray("uint8", small, targets.nonvoid),
    segmentClass: ndarray("int32", [targets.segmentClass.length], targets.segmentClass),
    semantic: ndarray("int32", small, targets.semantic),
    semanticWeight: fromNumbers("float32", small, weight),
  };
}

function loss(scope: Scope, batch: Named<Tensor>, recipe: MaxDeepLabRecipe, { classes }: Task): Losses {
  const outputs = maxDeepLab(scope, batch.image, recipe, classes.length);
  const semantic =
    recipe.semanticWeight > 0 ? semanticLogits(scope, outputs.encoded, recipe, { outputs: classes.length + 1 }) : null;
  const { terms, watched } = lossTerms(
    scope,
    { ...outputs, semanticLogits: semantic },
    {
      segment: batch.segment,
      nonvoid: batch.nonvoid,
      segmentClass: batch.segmentClass,
      semantic: batch.semantic,
      semanticWeight: batch.semanticWeight,
      things: recipe.maxThings,
    },
    recipe,
  );
  return { terms: Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, mean(term)])), watched };
}

/** Layers that have an output for each class; "no object", or void, is one more. */
const classLayers = ["transformerClassHead.conv", "semanticLastLayer"];

/** All weights but those of classes, where there are not as many; of a pretrained ResNet, what fits. */
function begin(from: Trained, recipe: MaxDeepLabRecipe, { classes }: Task): Beginning {
  if (from.stage === "encoder") return resNetStart(from, recipe);
  const weights = Object.fromEntries(Object.entries(from.weights).filter(([name]) => !isClassifier(name)));
  const others = classLayers.filter((layer) => {
    const bias = weights[`${layer}.bias`];
    return bias !== undefined && bias.shape[0] !== classes.length + 1;
  });
  const isOther = (name: string) => others.some((layer) => name.startsWith(`${layer}.`));
  return {
    weights: Object.fromEntries(Object.entries(weights).filter(([name]) => !isOther(name))),
    notes: others.map((layer) => `${layer} starts anew: its weights are for another number of classes`),
  };
}

export function panopticStage(recipe: MaxDeepLabRecipe, task: Task): TrainingStage {
  const { batchSize, cropHeight, cropWidth, maxThings, backboneRate } = recipe;
  const masks = [batchSize, ...maskSize(recipe)];
  const stuff = classOrder(task.classes).stuff.length;
  return {
    ...{ kind: "training", name: "train", learnsFrom: ["panoptic"], settings: recipe },
    begin: (from) => begin(from, recipe, task),
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
      segment: { dtype: "int32", shape: masks },
      nonvoid: { dtype: "uint8", shape: masks },
      segmentClass: { dtype: "int32", shape: [batchSize, maxThings + stuff] },
      semantic: { dtype: "int32", shape: masks },
      semanticWeight: { dtype: "float32", shape: masks },
    },
    prepare: (sample, random) => prepare(sample, recipe, task, random),
    loss: (scope, batch) => loss(scope, batch, recipe, task),
    group: (parameter, rank) => ({ rate: isBackbone(parameter) ? backboneRate : 1, decay: rank <= 1 ? 0 : 1 }),
  };
}
