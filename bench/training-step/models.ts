/** The training steps that are compared with PyTorch, as options of our own training step. */
import { fromNumbers, type Named, type NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { mobileNetV2Classifier, mobileNetV2Groups } from "../../src/backbones/mobilenet-v2.ts";
import { resNetClassifier } from "../../src/backbones/resnet.ts";
import { vitClassifier } from "../../src/backbones/vit.ts";
import { normalInitializer } from "../../src/graph/initializer.ts";
import type { Scope } from "../../src/graph/scope.ts";
import type { Tensor, TensorType } from "../../src/graph/tensor.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import { denoiseStage } from "../../src/methods/ddep/denoise-stage.ts";
import { type DdepRecipe, recipes as ddepRecipes } from "../../src/methods/ddep/recipe.ts";
import { type GroupViTRecipe, recipes as groupVitRecipes } from "../../src/methods/groupvit/recipe.ts";
import { captionStage } from "../../src/methods/groupvit/stage.ts";
import { unitVectors } from "../../src/methods/groupvit/unit.ts";
import { windowScores } from "../../src/methods/groupvit/window-scores.ts";
import { publishedDvae } from "../../src/methods/gss/dvae.ts";
import { priorStage } from "../../src/methods/gss/prior-stage.ts";
import { type GssRecipe, recipes as gssRecipes } from "../../src/methods/gss/recipe.ts";
import { dvaeTokenizer, tokensOf } from "../../src/methods/gss/tokenizer.ts";
import { pairStage } from "../../src/methods/l2g/pair.ts";
import { type L2GRecipe, recipes as l2gRecipes } from "../../src/methods/l2g/recipe.ts";
import { boxesOf } from "../../src/methods/l2g/views.ts";
import { recipes, type TransUNetRecipe } from "../../src/methods/transunet/recipe.ts";
import { transunet } from "../../src/networks/transunet/network.ts";
import { imagenetNormalization } from "../../src/nn/image-input.ts";
import type { StepOptions } from "../../src/step/step.ts";
import { defaultGroup, type OptimizerRecipe } from "../../src/step/update.ts";
import { maxDeepLabPrediction, maxDeepLabStep } from "./maxdeeplab.ts";

export interface Benched {
  readonly title: string;
  readonly inputs: Named<TensorType>;
  readonly loss: (scope: Scope, batch: Named<Tensor>) => { readonly terms: Named<Tensor> };
  readonly recipe: OptimizerRecipe;
  readonly trains?: (parameter: string) => boolean;
  readonly group?: NonNullable<StepOptions["group"]>;
  /** Compared is this, with fixed weights, instead of a training step. */
  readonly predicts?: (scope: Scope, image: Tensor) => Named<Tensor>;
  /** Labels are below this. */
  readonly classes: number;
  /** Inputs that are not random. */
  readonly batch?: () => Named<NdArray>;
  /** What the PyTorch side needs to build the same model. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const small: TransUNetRecipe = { ...recipes["transunet-small"], averageDecay: 0, clipNorm: 0, accumulate: 1 };
const classification = {
  image: { dtype: "float32", shape: [8, 3, 224, 224] },
  labels: { dtype: "int64", shape: [8] },
} as const;

/** For 1,000 classes, with batch norms and symmetric padding. x: [B, 3, H, W] → [B, 1000]. */
const mobileNet = (scope: Scope, x: Tensor) => mobileNetV2Classifier(scope, x, { classes: 1000 }).logits;

/** Denoising pretraining of ddep-small: the whole network, or its decoder behind a frozen encoder. */
function denoising(start: DdepRecipe["start"]): Benched {
  const changed = { start, noiseTarget: "noise", denoiseClipNorm: 0, denoiseBatchSize: 8 } as const;
  const stage = denoiseStage({ ...ddepRecipes["ddep-small"], ...changed }, undefined);
  const recipe = stage.settings;
  return {
    title: `denoising of ddep-small (${start}), ${recipe.cropHeight} × ${recipe.cropWidth} pixels, batch ${recipe.batchSize}, Adam`,
    inputs: stage.inputs,
    loss: stage.loss,
    recipe: { ...recipe, schedule: "constant", warmupSteps: 0 },
    ...(stage.trains && { trains: stage.trains }),
    classes: 0,
    settings: { ...recipe, frozen: start === "ddep" },
  };
}

/** GroupViT-S with two stages at 224 pixels, the released size; of `groupvit-prediction` each image is a window with 8 words. */
const groupVit: GroupViTRecipe = { ...groupVitRecipes["groupvit-2stage"], batchSize: 8, accumulate: 1 };
const words = 8;
const captions = captionStage(groupVit);
const groupVitStep: Benched = {
  title: "GroupViT-S, two stages, 224 pixels, batch 8 with four texts each, both losses, AdamW, norm clipped",
  inputs: captions.inputs,
  loss: (scope, batch) => captions.loss(scope, captions.embed!(scope, batch)),
  recipe: { ...groupVit, learningRate: 1e-4, schedule: "constant", warmupSteps: 0 },
  classes: groupVit.textVocabulary,
  settings: { ...groupVit, words, shape: [8, 3, 224, 224] },
};

/** Scores of every pixel of windows for words, whose vectors are weights. image: [B, 224, 224, 3] uint8. */
function groupVitScores(scope: Scope, image: Tensor): Named<Tensor> {
  const initializer = normalInitializer(1);
  const vectors = unitVectors(scope.parameter("words", [words, groupVit.projectionWidth], initializer));
  const scores = windowScores(scope, image, vectors, groupVit, {
    ...{ normalization: imagenetNormalization, scores: "official", kept: groupVit.keptClasses },
  });
  return { scores };
}

function groupVitPrediction(batch: number): Benched {
  return {
    ...groupVitStep,
    title: `GroupViT-S, prediction, ${batch} window${batch === 1 ? "" : "s"} of 224 pixels, ${words} words`,
    inputs: { image: { dtype: "uint8", shape: [batch, 224, 224, 3] } },
    predicts: groupVitScores,
    classes: 256,
    settings: { ...groupVit, words, shape: [batch, 3, 224, 224] },
  };
}

const gssClasses = 11;
const gssRecipe: GssRecipe = {
  ...gssRecipes["gss-small"],
  ...{ encoder: "resnet50", encoderRate: 1, cropHeight: 256, cropWidth: 256, batchSize: 2 },
  ...{ averageDecay: 0, clipNorm: 0, accumulate: 1, schedule: "constant", warmupSteps: 0 },
};

/** Stage 2 of GSS-FF. Labels are random, which changes nothing in the cost. */
function gssStep(): Benched {
  const classes = Array.from({ length: gssClasses }, (_, i) => ({ name: `class ${i}`, color: [i, 0, 0] as const }));
  const stage = priorStage(gssRecipe, { classes, frequencies: [] }, undefined);
  const { batchSize, cropHeight, cropWidth } = gssRecipe;
  return {
    title: `GSS-FF, stage 2, ResNet-50, ${cropHeight} × ${cropWidth} pixels, batch ${batchSize}, ${gssRecipe.codes} codes, AdamW`,
    inputs: { ...stage.inputs, labels: { dtype: "int64", shape: [batchSize, cropHeight, cropWidth] } },
    loss: stage.loss,
    recipe: gssRecipe,
    trains: stage.trains!,
    classes: gssClasses,
    settings: { ...gssRecipe, classes: gssClasses, shape: [batchSize, 3, cropHeight, cropWidth] },
  };
}

const tokenizer = dvaeTokenizer(publishedDvae);

/** A maskige to tokens and back, by the published dVAE. */
const dvaePrediction: Benched = {
  title: "dVAE of the published size, a maskige of 256 × 256 pixels to tokens and back",
  inputs: { image: { dtype: "float32", shape: [1, 3, 256, 256] } },
  loss: () => ({ terms: {} }),
  recipe: gssRecipe,
  predicts: (scope, image) => ({ picture: tokenizer.decode(scope, tokensOf(tokenizer, scope, image)) }),
  classes: 0,
  settings: { ...publishedDvae, shape: [1, 3, 256, 256] },
};

const mobileNetStep: Benched = {
  title: "MobileNetV2, 192 pixels, batch 8, batch statistics, SGD with momentum",
  inputs: { ...classification, image: { dtype: "float32", shape: [8, 3, 192, 192] } },
  loss: (scope, { image, labels }) => ({
    terms: { crossEntropy: crossEntropy(mobileNet(scope, image), labels) },
  }),
  recipe: { ...small, optimizer: "sgd", learningRate: 1e-3, schedule: "constant", warmupSteps: 0, weightDecay: 0 },
  classes: 1000,
  settings: { stages: mobileNetV2Groups, shape: [8, 3, 192, 192] },
};

/** The pair of `l2g-voc` with saliency, at other sizes of view where these are given. */
function l2gStep(
  sizes: Partial<Pick<L2GRecipe, "viewSize" | "localSize" | "shortSide" | "attentionBatchSize" | "views">>,
): Benched {
  const recipe: L2GRecipe = { ...l2gRecipes["l2g-voc"], attentionBatchSize: 2, ...sizes };
  const { attentionBatchSize: batch, viewSize, localSize, views, sampler } = recipe;
  const names = Array.from({ length: 21 }, (_, i) => (i === 0 ? "background" : `class ${i}`));
  const stage = pairStage(recipe, {
    classes: names.map((name) => ({ name, color: [0, 0, 0] as const })),
    frequencies: [],
  });
  const boxes = Array.from({ length: batch }, (_, i) =>
    boxesOf({ sampler, size: viewSize, crop: localSize, count: views }, new Random(1, i)),
  );
  const tags = Array.from({ length: batch }, (_, i) => Array.from({ length: 20 }, (_, k) => (k % 10 === i ? 1 : 0)));
  const saliency = () => new Random(1, "saliency").fillUniform(new Float32Array(batch * views * localSize ** 2));
  return {
    title: `L2G's pair on ResNet-38, ${batch} view(s) of ${viewSize} pixels with ${views} of ${localSize} each, SGD with Nesterov`,
    inputs: stage.inputs,
    loss: stage.loss,
    recipe: { ...recipe, ...stage.settings, schedule: "constant" },
    trains: stage.trains!,
    group: (name, rank) => ({ ...defaultGroup(name, rank), ...stage.group!(name, rank) }),
    batch: () => ({
      boxes: fromNumbers("float32", [batch, views, 4], boxes.flat(2)),
      tags: fromNumbers("float32", [batch, 20], tags.flat()),
      saliency: { dtype: "float32", shape: [batch, views, 1, localSize, localSize], data: saliency() },
    }),
    classes: 256,
    settings: { ...recipe, classes: 20, boxes, tags },
  };
}

export const models: Readonly<Record<string, Benched>> = {
  vit: {
    title: "ViT-S/16, 224 pixels, batch 8, AdamW",
    inputs: classification,
    loss: (scope, { image, labels }) => ({
      terms: { crossEntropy: crossEntropy(vitClassifier(scope, image, { classes: 1000 }), labels) },
    }),
    recipe: { ...small, optimizer: "adamw", learningRate: 1e-4, schedule: "constant", warmupSteps: 0 },
    classes: 1000,
    settings: {},
  },
  resnet: {
    title: "ResNet-50, 224 pixels, batch 8, batch statistics, SGD with momentum",
    inputs: classification,
    loss: (scope, { image, labels }) => ({
      terms: { crossEntropy: crossEntropy(resNetClassifier(scope, image, { classes: 1000 }), labels) },
    }),
    recipe: { ...small, optimizer: "sgd", learningRate: 1e-3, schedule: "constant", warmupSteps: 0, weightDecay: 0 },
    classes: 1000,
    settings: {},
  },
  mobilenet: mobileNetStep,
  "mobilenet-prediction": {
    ...mobileNetStep,
    title: "MobileNetV2, prediction, 384 × 512 pixels, batch 1, norms folded into convolutions",
    inputs: { image: { dtype: "float32", shape: [1, 3, 384, 512] } },
    predicts: (scope, x) => ({ logits: mobileNet(scope, x) }),
    settings: { stages: mobileNetV2Groups, shape: [1, 3, 384, 512] },
  },
  transunet: {
    title: `TransUNet small, ${small.cropHeight} × ${small.cropWidth} pixels, batch 8, 11 classes, AdamW`,
    inputs: {
      image: { dtype: "float32", shape: [8, 3, small.cropHeight, small.cropWidth] },
      labels: { dtype: "int64", shape: [8, small.cropHeight, small.cropWidth] },
    },
    loss: (scope, { image, labels }) => ({
      terms: { crossEntropy: crossEntropy(transunet(scope, image, 11, small).logits, labels) },
    }),
    recipe: { ...small, learningRate: 1e-4, schedule: "constant", warmupSteps: 0 },
    classes: 11,
    settings: { ...small },
  },
  gss: gssStep(),
  l2g: l2gStep({}),
  "l2g-half": l2gStep({ attentionBatchSize: 1, viewSize: 224, localSize: 160, shortSide: 256, views: 2 }),
  maxdeeplab: maxDeepLabStep(129, 2),
  "maxdeeplab-257": maxDeepLabStep(257, 2),
  "maxdeeplab-257-recompute": maxDeepLabStep(257, 2, true),
  "maxdeeplab-641": maxDeepLabStep(641, 1),
  "maxdeeplab-641-recompute": maxDeepLabStep(641, 1, true),
  "maxdeeplab-prediction": maxDeepLabPrediction(129),
  "maxdeeplab-257-prediction": maxDeepLabPrediction(257),
  "dvae-prediction": dvaePrediction,
  groupvit: groupVitStep,
  "groupvit-prediction": groupVitPrediction(1),
  "denoise-all": denoising("dep"),
  "denoise-frozen": denoising("ddep"),
};

/** One random batch: normal numbers as floats, bytes, levels of noise, labels. */
export function batchOf({ inputs, classes, batch }: Benched): Named<NdArray> {
  const random = new Random(1, "batch");
  const filled = (name: string, { dtype, shape }: TensorType): NdArray => {
    const count = sizeOf(shape);
    if (name === "level") return { dtype, shape, data: new Float32Array(count).fill(0.22) };
    if (dtype === "float32") return { dtype, shape, data: random.fillNormal(new Float32Array(count)) };
    const below = dtype === "uint8" ? 256 : classes;
    return fromNumbers(
      dtype,
      shape,
      Array.from({ length: count }, () => random.integer(below)),
    );
  };
  const given = batch?.() ?? {};
  return Object.fromEntries(Object.entries(inputs).map(([name, type]) => [name, given[name] ?? filled(name, type)]));
}
