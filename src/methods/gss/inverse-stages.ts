/**
 * What reads classes off maskiges, where that is trained: before the prior on what the tokenizer gives back of the labels' own
 * (`posterior`), or behind it on what the prior predicts (`inverse`), so that it mends errors as they are.
 */
import { float32, ndarray } from "../../array/ndarray.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { padLabels } from "../../image/pad.ts";
import { crossEntropy } from "../../losses/cross-entropy.ts";
import { argMax, resize, stopGradient } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Losses, Pass, TrainingStage } from "../stage.ts";
import { beginning } from "./begin.ts";
import { gumbelNoise, hardChoice } from "./gumbel.ts";
import { addProducts, emptyProducts, leastSquares } from "./least-squares.ts";
import { predictedMaskige } from "./network.ts";
import { drawnView, viewedLabels } from "./paint-view.ts";
import { photographInputs, preparePhotograph } from "./prior-stage.ts";
import type { GssRecipe } from "./recipe.ts";
import { extended } from "./reconstruction.ts";
import { tokensOf } from "./tokenizer.ts";
import { tokenizerOf } from "./tokenizer-settings.ts";
import { tokenizerTrials } from "./tokenizer-stage.ts";
import { trainsColors, transformOf } from "./transform.ts";
import { maskigeViews } from "./views.ts";

/** The recipe as stages that train X or X⁻¹ have it. */
function inverseRecipe(recipe: GssRecipe): GssRecipe {
  return {
    ...recipe,
    steps: recipe.inverseSteps,
    warmupSteps: recipe.inverseWarmupSteps,
    batchSize: recipe.inverseBatchSize,
    optimizer: "adamw",
    learningRate: recipe.inverseRate,
    accumulate: 1,
  };
}

const fields = { steps: "inverseSteps", warmupSteps: "inverseWarmupSteps" } as const;
const isTrained = (parameter: string) => /^(palette|inverse)\./.test(parameter);

/** X (TF, TT) and X⁻¹ (FT, TT) on masks alone; the tokenizer is fixed, and gradients pass it where X is trained. */
export function posteriorStage(recipe: GssRecipe, task: Task, requires: string | undefined): TrainingStage {
  const settings = inverseRecipe(recipe);
  const { batchSize, tokenizerCrop: size, tokenizerScaleMin, tokenizerScaleMax, flipProbability } = settings;
  const view = { size, scaleMin: tokenizerScaleMin, scaleMax: tokenizerScaleMax, flipProbability };
  return beginning({
    ...{ kind: "training", name: "posterior", learnsFrom: ["mask"], requires, predicts: false, fields },
    settings: { ...settings, cropHeight: size, cropWidth: size },
    inputs: { labels: { dtype: "uint8", shape: [batchSize, size, size] } },
    prepare({ labels: { mask }, image, source }, random) {
      const seen = viewedLabels(mask, drawnView(image, view, random), size, source);
      return { labels: ndarray("uint8", [size, size], seen.data) };
    },
    loss: (scope, { labels }) => posteriorLoss(scope, labels, recipe, task),
    trains: isTrained,
    // Colours of the paint stay within the cube.
    group: (parameter) => (parameter.startsWith("palette.") ? { range: [0, 1] } : {}),
    trials: tokenizerTrials(recipe, task),
  });
}

/** labels: [B, H, W] → painted, encoded, decoded, read: the cross-entropy with themselves. */
function posteriorLoss(scope: Scope, labels: Tensor, recipe: GssRecipe, task: Task): Losses {
  const tokenizer = tokenizerOf(recipe, task.classes.length);
  const transform = transformOf(recipe, task);
  const place = scope.at("tokenizer").shared();
  const logits = tokenizer.logits(place, transform.paint(scope, labels));
  const again = trainsColors(recipe)
    ? tokenizer.decodeShares(place, hardChoice(logits, gumbelNoise(scope, logits.shape), recipe.gumbelTemperature))
    : tokenizer.decode(place, argMax(logits, { axis: 1 }));
  return { terms: { classes: crossEntropy(transform.scores(scope, again), labels) } };
}

/** X⁻¹ by least squares over what the tokenizer gives back of all masks (Chen et al. 2023, sec. 3.3), in float64. */
export function leastSquaresPass(recipe: GssRecipe, task: Task, requires: string | undefined): Pass {
  const classes = task.classes.length;
  const tokenizer = tokenizerOf(recipe, classes);
  const transform = transformOf(recipe, task);
  const bias = recipe.inverse === "lstsq+bias";
  return {
    ...{ kind: "pass", name: "posterior", learnsFrom: ["mask"], requires, predicts: false },
    begin: ({ weights }) => ({ weights, notes: [] }),
    outputs(scope, { labels }) {
      const place = scope.at("tokenizer").shared();
      return { again: tokenizer.decode(place, tokensOf(tokenizer, place, transform.paint(scope, labels))) };
    },
    async visit({ labels: { mask } }, run) {
      if (mask === undefined) return {};
      const side = (length: number) => Math.ceil(length / tokenizer.stride) * tokenizer.stride;
      const [width, height] = [side(mask.width), side(mask.height)];
      const shown = extended(mask, width, height);
      const { again } = await run({ labels: ndarray("uint8", [1, height, width], shown.data) });
      const products = emptyProducts(classes, bias);
      addProducts(products, again.data as Float32Array, padLabels(mask, width, height).data, classes);
      const n = bias ? 4 : 3;
      return {
        sums: {
          gram: ndarray("float64", [n, n], products.gram),
          cross: ndarray("float64", [n, classes], products.cross),
        },
      };
    },
    weights({ gram, cross }) {
      const products = { gram: gram.data as Float64Array, cross: cross.data as Float64Array };
      const { rows, columns, data } = leastSquares(products, classes);
      return { "inverse.matrix": float32([rows, columns], Float32Array.from(data)) };
    },
  };
}

/** X⁻¹ on what the prior predicts of photographs: it stays as it is, but its head sees each batch's own statistics. */
export function inverseStage(recipe: GssRecipe, task: Task, requires: string | undefined): TrainingStage {
  const settings = inverseRecipe(recipe);
  return beginning({
    ...{ kind: "training", name: "inverse", learnsFrom: ["mask"], requires, settings, fields },
    inputs: photographInputs(settings),
    prepare: (sample, random) => preparePhotograph(sample, settings, random),
    loss(scope, { image, labels }) {
      const transform = transformOf(recipe, task);
      const { maskige } = predictedMaskige(scope, image, recipe, task);
      const scores = resize(transform.scores(scope, stopGradient(maskige)), [labels.shape[1], labels.shape[2]]);
      return { terms: { classes: crossEntropy(scores, labels) } };
    },
    trains: isTrained,
    rests: (parameter) => !/^(head|inverse)\./.test(parameter),
    trials: maskigeViews(recipe, task),
  });
}
