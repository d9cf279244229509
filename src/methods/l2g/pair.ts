/** The pair of networks in training: the local one learns tags from views, the global one what the local one attends to. */
import { float32, fromNumbers, type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { foregroundOf } from "../../data/background.ts";
import { distortColors } from "../../data/photometric.ts";
import type { Sample } from "../../data/sample.ts";
import { InputError } from "../../errors.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { cropImage, cropLabels } from "../../image/crop.ts";
import { pillowResize } from "../../image/pillow-resize.ts";
import { resizeLabels } from "../../image/resize.ts";
import { binaryCrossEntropy } from "../../losses/index.ts";
import { imageInput } from "../../nn/image-input.ts";
import { axisSize, expand, mul, reshape, unsqueeze } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Losses, Trained, TrainingStage } from "../stage.ts";
import { alignedProbabilities, transferLoss, transferTarget } from "./losses.ts";
import { classifier } from "./network.ts";
import type { L2GRecipe } from "./recipe.ts";
import { boxesOf } from "./views.ts";
import { isNew, trainsInPair } from "./weights.ts";

function prepare(sample: Sample, recipe: L2GRecipe, foreground: readonly number[], random: Random): Named<NdArray> {
  const { shortSide, viewSize, localSize, views, sampler, photometric } = recipe;
  const scale = shortSide / Math.min(sample.image.width, sample.image.height);
  const [width, height] = [sample.image.width, sample.image.height].map((side) => Math.round(side * scale));
  const stream = random.fork("view");
  const square = {
    left: stream.integer(width - viewSize + 1),
    top: stream.integer(height - viewSize + 1),
    ...{ width: viewSize, height: viewSize },
  };
  const view = cropImage(pillowResize(sample.image, [width, height], "bicubic"), square);
  distortColors(view, photometric, random.fork("colors"));
  const boxes = boxesOf({ sampler, size: viewSize, crop: localSize, count: views }, random.fork("boxes"));
  const rectangle = ([left, top]: readonly number[]) => ({ left, top, width: localSize, height: localSize });
  const local = new Uint8Array(views * localSize * localSize * 3);
  boxes.forEach((box, i) => {
    local.set(cropImage(view, rectangle(box)).data, i * localSize * localSize * 3);
  });
  const named = new Set(sample.labels.tags ?? []);
  const arrays = {
    image: ndarray("uint8", [viewSize, viewSize, 3], view.data),
    views: ndarray("uint8", [views, localSize, localSize, 3], local),
    boxes: fromNumbers("float32", [views, 4], boxes.flat()),
    tags: fromNumbers(
      "float32",
      [foreground.length],
      foreground.map((index) => (named.has(index) ? 1 : 0)),
    ),
  };
  if (!recipe.saliency) return arrays;
  const { saliency } = sample.labels;
  if (saliency === undefined) {
    throw new InputError(`${sample.source}: expected a saliency map, got none. Add one, or --set saliency=false.`);
  }
  const whole = cropLabels(resizeLabels(saliency, width, height), square);
  // Divided by the largest value of the global view, so that what stands out in it is 1.
  const most = whole.data.reduce((largest, value) => Math.max(largest, value), 0) / 255 + 1e-10;
  const values = boxes.flatMap((box) => [...cropLabels(whole, rectangle(box)).data].map((value) => value / 255 / most));
  return { ...arrays, saliency: float32([views, 1, localSize, localSize], values) };
}

/** What both networks lower. The target between them is detached, so that neither loss reaches the other's network. */
export function pairLosses(scope: Scope, batch: Named<Tensor>, recipe: L2GRecipe): Losses {
  const { views, localSize, viewSize, transferWeight, localWeight, globalWeight } = recipe;
  const [count, classes] = batch.tags.shape;
  const all = count * views;
  const flat = (name: string, shape: readonly number[]) => reshape(batch[name], [all, ...shape]);
  const tags = reshape(expand(unsqueeze(batch.tags, 1), [count, views, classes]), [all, classes]);
  const global = classifier(scope, "global", imageInput(batch.image), classes, recipe);
  const local = classifier(scope, "local", imageInput(flat("views", [localSize, localSize, 3])), classes, recipe);
  const target = transferTarget(
    local.maps,
    tags,
    {
      threshold: recipe.targetThreshold,
      background: recipe.targetBackground,
      strongestOnly: recipe.strongestOnly,
      ties: "first",
      fallback: recipe.saliencyFallback,
    },
    recipe.saliency ? flat("saliency", [1, localSize, localSize]) : undefined,
  );
  const images = Array.from({ length: all }, (_, i) => Math.floor(i / views));
  const seen = alignedProbabilities(
    global.maps,
    { boxes: flat("boxes", [4]), images: constant(fromNumbers("int64", [all], images)) },
    [axisSize(local.maps, 2), axisSize(local.maps, 3)],
    { stride: viewSize / axisSize(global.maps, 2), aligned: recipe.alignedBoxes },
  );
  const globalTags = binaryCrossEntropy(global.logits, batch.tags);
  const weighted = {
    transfer: [transferLoss(seen, target), transferWeight],
    localTags: [binaryCrossEntropy(local.logits, tags), localWeight],
    globalTags: [globalTags, globalWeight],
  } as const;
  const terms = Object.entries(weighted).flatMap(([name, [loss, weight]]) =>
    weight > 0 ? [[name, mul(loss, weight)] as const] : [],
  );
  return { terms: Object.fromEntries(terms), ...(globalWeight === 0 && { watched: { globalTags } }) };
}

/** Whether a parameter is one of the two networks'. */
export function isOfPair(parameter: string): boolean {
  return /^(global|local)(Encoder|Head)\./.test(parameter);
}

/** A pretrained encoder begins both networks; the weights of a pair begin a pair. */
function begin({ weights }: Trained) {
  if (Object.keys(weights).some(isOfPair)) return { weights, notes: [] };
  const own = Object.entries(weights).filter(([name]) => name.startsWith("encoder."));
  const both = ["global", "local"].flatMap((network) =>
    own.map(([name, array]) => [name.replace(/^encoder/, `${network}Encoder`), array]),
  );
  return { weights: Object.fromEntries(both) as Named<NdArray>, notes: [] };
}

export function pairStage(recipe: L2GRecipe, task: Task): TrainingStage {
  const { attentionBatchSize: batchSize, viewSize, localSize, views } = recipe;
  const foreground = foregroundOf(task);
  return {
    kind: "training",
    name: "attention",
    learnsFrom: recipe.saliency ? ["tags", "saliency"] : ["tags"],
    settings: {
      ...recipe,
      batchSize,
      steps: recipe.attentionSteps,
      warmupSteps: recipe.attentionWarmupSteps,
      optimizer: recipe.attentionOptimizer,
      learningRate: recipe.attentionRate,
      weightDecay: recipe.attentionWeightDecay,
      momentum: recipe.attentionMomentum,
      schedule: recipe.attentionSchedule,
    },
    fields: { steps: "attentionSteps", warmupSteps: "attentionWarmupSteps" },
    predicts: false,
    begin,
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, viewSize, viewSize, 3] },
      views: { dtype: "uint8", shape: [batchSize, views, localSize, localSize, 3] },
      boxes: { dtype: "float32", shape: [batchSize, views, 4] },
      tags: { dtype: "float32", shape: [batchSize, foreground.length] },
      ...(recipe.saliency && {
        saliency: { dtype: "float32", shape: [batchSize, views, 1, localSize, localSize] } as const,
      }),
    },
    prepare: (sample, random) => prepare(sample, recipe, foreground, random),
    loss: (scope, batch) => pairLosses(scope, batch, recipe),
    trains: (name) => trainsInPair(name, recipe.frozenParts),
    group: (name) => ({ rate: isNew(name) ? recipe.newRate : 1 }),
  };
}
