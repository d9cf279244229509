/** Training a tokenizer on masks painted as pictures, on photographs, or on both (Ramesh et al. 2021, sec. 2.1). */
import { type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import type { Sample } from "../../data/sample.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { IGNORE, type LabelMap } from "../../image/image.ts";
import { padImage } from "../../image/pad.ts";
import { viewImage } from "../../image/resize.ts";
import { add, cast, mul, transpose } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Losses, TrainingStage, Trial } from "../stage.ts";
import { beginning } from "./begin.ts";
import { dvaeEncoder, mapPixels } from "./dvae.ts";
import { dvaeDecoder, dvaeRelaxedEntry, pictureOf } from "./dvae-decoder.ts";
import { annealed, logitLaplaceLoss, readingLoss, uniformDivergence, usageDivergence } from "./dvae-losses.ts";
import { gumbelNoise, relaxedChoice } from "./gumbel.ts";
import { paintedImage } from "./maskige.ts";
import { drawnView, viewedLabels } from "./paint-view.ts";
import type { GssRecipe } from "./recipe.ts";
import { reconstructionTrial } from "./reconstruction.ts";
import { dvaeSettings, tokenizerOf, vqSettings } from "./tokenizer-settings.ts";
import { type MaskTransform, transformOf, untrained } from "./transform.ts";
import { vqLosses } from "./vq.ts";

/** The recipe as this stage has it. */
export function tokenizerRecipe(recipe: GssRecipe): GssRecipe {
  return {
    ...recipe,
    steps: recipe.tokenizerSteps,
    warmupSteps: recipe.tokenizerWarmupSteps,
    batchSize: recipe.tokenizerBatchSize,
    cropHeight: recipe.tokenizerCrop,
    cropWidth: recipe.tokenizerCrop,
    scaleMin: recipe.tokenizerScaleMin,
    scaleMax: recipe.tokenizerScaleMax,
    cropMaxShare: 1,
    photometric: 0,
    optimizer: "adamw",
    learningRate: recipe.tokenizerRate,
    weightDecay: recipe.tokenizerWeightDecay,
    averageDecay: recipe.tokenizerAverageDecay,
    schedule: "cosine",
    finalRate: 0.02,
    warmupStart: 0,
    clipNorm: 1,
    accumulate: 1,
  };
}

/** Where steps are counted, for what changes with them; no part of a model. */
const counted = "schedule";

export function tokenizerStage(recipe: GssRecipe, task: Task): TrainingStage {
  const settings = tokenizerRecipe(recipe);
  const { batchSize, tokenizerCrop: size, tokenizerSource } = settings;
  const transform = transformOf(recipe, task);
  const picture = transform.palette === null ? [size, size] : [size, size, 3];
  return beginning({
    kind: "training",
    name: "tokenizer",
    learnsFrom: tokenizerSource === "photographs" ? [] : ["mask"],
    predicts: false,
    settings,
    fields: { steps: "tokenizerSteps", warmupSteps: "tokenizerWarmupSteps" },
    inputs: { picture: { dtype: "uint8", shape: [batchSize, ...picture] } },
    prepare: (sample, random) => prepare(sample, settings, transform, task.classes.length, random),
    loss: (scope, { picture }) => losses(scope, pictureInput(scope, picture, transform), settings, task, transform),
    trials: tokenizerTrials(untrained(recipe), task),
  });
}

/** Where masks are judged: at their own size, and as large as the prior's tokens need them. */
export function tokenizerTrials(
  recipe: GssRecipe,
  task: Task,
  { images = 100, twice = 12 }: { readonly images?: number; readonly twice?: number } = {},
): readonly Trial[] {
  const tokenizer = tokenizerOf(recipe, task.classes.length);
  const transform = transformOf(recipe, task);
  const magnification = tokenizer.stride / recipe.tokenGrid;
  const native = { tokenizer, transform, magnification: 1 };
  return [
    reconstructionTrial("reconstruction", native, task, { images, pictured: magnification === 1 }),
    ...(magnification === 1
      ? []
      : [
          reconstructionTrial(`reconstruction ×${magnification}`, { ...native, magnification }, task, {
            images: twice,
          }),
        ]),
  ];
}

function prepare(
  sample: Sample,
  settings: GssRecipe,
  { palette }: MaskTransform,
  classes: number,
  random: Random,
): Named<NdArray> {
  const { image, labels, source } = sample;
  const { tokenizerCrop: size, scaleMin, scaleMax, flipProbability, tokenizerSource } = settings;
  const view = drawnView(image, { size, scaleMin, scaleMax, flipProbability }, random);
  const isPhotograph = tokenizerSource === "photographs" || (tokenizerSource === "both" && random.chance(0.5));
  if (palette !== null && isPhotograph) {
    return { picture: ndarray("uint8", [size, size, 3], padImage(viewImage(image, view), size, size).data) };
  }
  const masked = viewedLabels(labels.mask, view, size, source);
  const isExchanged = random.chance(settings.tokenizerExchange);
  const seen = isExchanged ? exchanged(masked, classes, random.fork("exchange")) : masked;
  return palette === null
    ? { picture: ndarray("uint8", [size, size], seen.data) }
    : { picture: ndarray("uint8", [size, size, 3], paintedImage(seen, palette).data) };
}

/** Labels whose classes have changed places with one another, and with what is unlabelled. */
function exchanged({ width, height, data }: LabelMap, classes: number, random: Random): LabelMap {
  const order = Array.from({ length: classes + 1 }, (_, i) => (i < classes ? i : IGNORE));
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return { width, height, data: data.map((label) => order[Math.min(label, classes)]) };
}

/** Bytes → [B, channels, H, W] in [0, 1]. */
function pictureInput(scope: Scope, picture: Tensor, transform: MaskTransform): Tensor {
  if (transform.palette === null) return transform.paint(scope, picture);
  return mul(cast(transpose(picture, [0, 3, 1, 2]), "float32"), 1 / 255);
}

function losses(
  scope: Scope,
  picture: Tensor,
  settings: GssRecipe,
  { classes }: Task,
  { palette }: MaskTransform,
): Losses {
  const place = scope.at("tokenizer");
  if (settings.tokenizer === "vq") return { terms: vqLosses(place, picture, vqSettings(settings, classes.length)) };
  const { klWeight, klShare, usageWeight, readingWeight, temperatureEnd, temperatureShare, steps, logScaleMin } =
    settings;
  const dvae = dvaeSettings(settings, classes.length);
  const count = scope.at(counted).average("step", []);
  scope.at(counted).update("step", add(count, 1));
  const progress = mul(count, 1 / steps);
  const temperature = annealed(progress, 1, temperatureEnd, temperatureShare);

  const mapped = mapPixels(picture);
  const logits = dvaeEncoder(place.at("encoder"), mapped, dvae).output;
  const shares = relaxedChoice(logits, gumbelNoise(place, logits.shape), temperature);
  const entry = dvaeRelaxedEntry(place.at("decoder"), shares, dvae);
  const { output } = dvaeDecoder(place.at("decoder"), entry, dvae);
  // The likelihood is a mean over numbers of the picture, of which a token has so many.
  const numbers = dvae.channels * tokenizerOf(settings, classes.length).stride ** 2;
  const weight = mul(annealed(progress, 0, 1, klShare), klWeight / numbers);
  return {
    terms: {
      likelihood: logitLaplaceLoss(output, mapped, { logScaleMin }),
      divergence: mul(uniformDivergence(logits), weight),
      ...(usageWeight > 0 && {
        usage: mul(usageDivergence(logits), usageWeight / numbers),
      }),
      // It grows through all of the training: from the start on, few codes would stay in use.
      ...(readingWeight > 0 &&
        palette !== null && {
          reading: mul(
            readingLoss(pictureOf(output), picture, palette.slice(0, classes.length)),
            mul(annealed(progress, 0, 1, 1), readingWeight),
          ),
        }),
    },
    watched: { temperature, unused: usageDivergence(logits) },
  };
}
