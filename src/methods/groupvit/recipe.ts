import { type ImageAugmentation, publishedImageAugmentation } from "../../data/augment-image.ts";
import type { WordKind } from "../../text/prompts.ts";
import { pictureWords } from "../../text/stop-words.ts";
import type { TemplateSet } from "../../text/templates.ts";
import { baseRecipe, type Recipe } from "../recipe.ts";
import type { ScoresName } from "./segmentation.ts";
import { type GroupViTSettings, oneStageGroupViT, publishedGroupViT, smallImageEncoder } from "./settings.ts";
import type { PreparationName } from "./window-scores.ts";

export interface GroupViTRecipe extends Recipe, GroupViTSettings, ImageAugmentation {
  /** Words of a caption that prompts are made of. */
  readonly promptWords: WordKind;
  /** Whose words they are: of the caption that was drawn, or of all captions of its photograph. */
  readonly promptSource: "caption" | "photograph";
  /** Words that no prompt is made of, in lower case: of a caption's nouns and verbs, those that name nothing to be seen. */
  readonly promptStopWords: readonly string[];
  /** What bytes become, in training and prediction: by ImageNet's colours as in the authors' code, or CLIP's as in the port. */
  readonly normalization: PreparationName;

  // What matters for prediction alone; `predict`, `eval`, `export` and `show` take these by --set.
  /** Templates that each word is put into; a word is the mean of what comes of them. */
  readonly templates: TemplateSet;
  /** Whose way from groups to classes: that of the authors' code, of the paper, or of the port, which knows no background. */
  readonly scores: ScoresName;
  /** Of the background, where one of the classes is it: groups whose best class scores lower are background. 0 … 1. */
  readonly threshold: number;
  /** So many classes, those that fit a window best, can be found in it; the authors' code alone has such a limit. */
  readonly keptClasses: number;
  /** Sides of a window, pixels: a multiple of `patchSize`. */
  readonly windowSide: number;
  /** What the shorter side of a photograph is scaled to, unless its longer one would exceed `longSide`. */
  readonly shortSide: number;
  readonly longSide: number;
  /**
   * What the shorter side of a photograph is scaled to that is told as a whole (`--classify`), before a square of `imageSize` is cut out of
   * its middle: `imageSize` or more; 0: by `normalization`, the authors' 8/7 of it, or `imageSize` itself as in the port.
   */
  readonly classifyShortSide: number;
  /** Groups that `show` draws of each stage: so many, those that have most of the photograph, and pixels of others go to the nearest; 0: all. */
  readonly shownGroups: number;
}

/** Fields that matter for prediction alone. */
export const predictionFields = [
  ...["templates", "scores", "threshold", "keptClasses", "windowSide", "shortSide", "longSide", "normalization"],
  ...["classifyShortSide", "shownGroups"],
] as const satisfies readonly (keyof GroupViTRecipe)[];

/**
 * As the authors trained on 28.7 million pairs: 30 epochs in batches of 4,096, of which 16 GPUs held 256 each. In the memory of
 * one of those, `batchSize` and `accumulate` make the same step.
 */
const twoStages: GroupViTRecipe = {
  ...baseRecipe,
  ...publishedGroupViT,
  ...publishedImageAugmentation,
  name: "groupvit-2stage",
  method: "groupvit",

  batchSize: 64,
  accumulate: 64,
  cropHeight: 224,
  cropWidth: 224,
  normalization: "official",
  promptWords: "noun",
  promptSource: "caption",
  promptStopWords: [],

  // floor(28,662,956 / 4,096) steps an epoch.
  steps: 30 * 6997,
  optimizer: "adamw",
  learningRate: 1.6e-3,
  weightDecay: 0.05,
  schedule: "cosine-from-start",
  finalRate: 4e-5 / 1.6e-3,
  warmupSteps: 2 * 6997,
  warmupStart: 4e-6 / 1.6e-3,
  clipNorm: 5,

  logEvery: 20,
  checkpointEvery: 500,
  evaluateEvery: 6997,

  templates: "simple",
  scores: "official",
  threshold: 0.95,
  keptClasses: 5,
  windowSide: 448,
  shortSide: 448,
  longSide: 2048,
  classifyShortSide: 0,
  shownGroups: 0,
};

/** The paper's model with one grouping stage, trained alike. */
const oneStage: GroupViTRecipe = { ...twoStages, ...oneStageGroupViT, name: "groupvit-1stage" };

/** Ours: for thousands of real captions in an hour on two cores. Scores: see the README beside this file. */
const small: GroupViTRecipe = {
  ...twoStages,
  ...smallImageEncoder,
  name: "groupvit-small",

  textContext: 32,
  textWidth: 64,
  textHeads: 1,
  textLayers: 1,
  projectionHidden: 512,
  projectionWidth: 128,

  batchSize: 64,
  accumulate: 1,
  cropHeight: 96,
  cropWidth: 96,
  cropAreaMin: 0.3,
  randAugmentOperations: 0,
  erasingProbability: 0,

  steps: 1800,
  learningRate: 1e-3,
  finalRate: 0.02,
  warmupSteps: 100,
  warmupStart: 0.01,

  checkpointEvery: 100,
  evaluateEvery: 500,

  threshold: 0.5,
  windowSide: 192,
  shortSide: 192,
  longSide: 768,
};

/**
 * Ours: the drawn scenes from their captions in minutes. What differs from the paper in it is what few steps need: with its own settings
 * patches are given to groups at random for as long as was tried (see the README).
 */
const scenes: GroupViTRecipe = {
  ...small,
  name: "groupvit-scenes",

  imageSize: 64,
  stemChannels: [32, 64, 96],
  width: 96,
  widthFactors: [1, 1],
  heads: [3, 3],
  // Behind three blocks masks are worse, and get worse with training.
  depths: [1, 3],
  groupTokens: [8, 0],
  outputGroups: [8],
  // With hard ones masks are worse than without groups.
  assignment: "soft",
  gumbelNoise: false,
  // With 1 masks are worse.
  assignEps: 0.1,
  initialDeviation: 0.1,
  dropPath: 0,
  textContext: 32,
  // A deeper one stays at chance for hundreds of steps.
  textWidth: 32,
  textHeads: 1,
  textLayers: 1,
  // What holds of the mean of groups then holds of each.
  projectionHidden: 0,
  projectionWidth: 64,
  prompts: 6,
  promptSource: "photograph",
  promptMatches: "same-word",
  promptStopWords: pictureWords,

  batchSize: 32,
  cropHeight: 64,
  cropWidth: 64,
  // A smaller crop may lack what its caption says.
  cropAreaMin: 0.9,

  steps: 5000,
  learningRate: 5e-4,
  warmupSteps: 20,
  averageDecay: 0.99,
  evaluateEvery: 500,

  // Of a whole scene a window shows as much as a detail of it does: what training saw.
  windowSide: 64,
  shortSide: 384,
  longSide: 1536,
};

/** Without groups: as many blocks, and every patch takes the nearest word (Xu et al. 2022, table 4). */
export const pixelwise = ({ depths, heads }: Pick<GroupViTRecipe, "depths" | "heads">) => ({
  depths: [depths.reduce((sum, blocks) => sum + blocks, 0)],
  ...{ heads: [heads[0]], widthFactors: [1], groupTokens: [0], outputGroups: [] },
});

/** What groups are worth is the difference to these: all else is as in the recipes with groups. */
const pixelwiseSmall: GroupViTRecipe = { ...small, ...pixelwise(small), name: "groupvit-pixelwise-small" };
const pixelwiseScenes: GroupViTRecipe = { ...scenes, ...pixelwise(scenes), name: "groupvit-pixelwise-scenes" };

/** For tests: seconds. */
const tiny: GroupViTRecipe = {
  ...small,
  name: "groupvit-tiny",

  imageSize: 32,
  width: 32,
  heads: [2, 2, 2],
  depths: [1, 1, 1],
  groupTokens: [8, 4, 0],
  outputGroups: [8, 4],
  dropPath: 0,
  textContext: 24,
  textWidth: 16,
  textHeads: 2,
  projectionHidden: 32,
  projectionWidth: 16,
  prompts: 2,

  batchSize: 8,
  cropHeight: 32,
  cropWidth: 32,
  cropAreaMin: 0.5,

  steps: 12,
  learningRate: 3e-3,
  warmupSteps: 2,
  logEvery: 3,
  checkpointEvery: 50,
  evaluateEvery: 50,

  windowSide: 64,
  shortSide: 64,
  longSide: 256,
};

export const recipes = {
  "groupvit-2stage": twoStages,
  "groupvit-1stage": oneStage,
  "groupvit-small": small,
  "groupvit-scenes": scenes,
  "groupvit-pixelwise-small": pixelwiseSmall,
  "groupvit-pixelwise-scenes": pixelwiseScenes,
  "groupvit-tiny": tiny,
};
