import type { Named } from "../../array/ndarray.ts";
import { encoderNames, findEncoder } from "../../backbones/encoders.ts";
import { resNet38Units } from "../../backbones/resnet38.ts";
import { vgg16Units } from "../../backbones/vgg.ts";
import { UsageError } from "../../errors.ts";
import { checkSides } from "../check-network.ts";
import { checksOf, optimizerNames, scheduleNames } from "../checks.ts";
import type { Method, Task } from "../method.ts";
import { checkMultiScale, multiScaleModel } from "../multi-scale.ts";
import { checkNetworkTraining, networkMethod } from "../network-method.ts";
import type { Stage, Trained } from "../stage.ts";
import { camPass } from "./cam-pass.ts";
import { forms } from "./forms.ts";
import { importL2G } from "./import.ts";
import { encoderOf, isResized, viewNormalizations } from "./network.ts";
import { isOfPair, pairStage } from "./pair.ts";
import { camCrfNames, camSaliencyNames } from "./pseudo-labels.ts";
import { type L2GRecipe, recipes } from "./recipe.ts";
import { maskStage } from "./segmentation.ts";
import { study } from "./study.ts";
import { samplerNames } from "./views.ts";

/** Stages whose steps are 0 are left out: the pair where another run has trained it, the segmentation where pseudo masks are all that is asked. */
function stages(recipe: L2GRecipe, task: Task): Stage[] {
  const { attentionSteps, steps } = recipe;
  const pair = attentionSteps > 0 ? undefined : "a pair of networks (attentionSteps is 0)";
  return [
    ...(attentionSteps > 0 ? [pairStage(recipe, task)] : []),
    camPass(recipe, task, pair),
    ...(steps > 0 ? [maskStage(recipe, task)] : []),
  ];
}

/** A pair that was trained goes straight into its pass, as the network that it is. Throws UsageError where another encoder was asked for. */
function adoptedPair({ weights, recipe, source }: Trained, asked: L2GRecipe): Partial<L2GRecipe> {
  if (!Object.keys(weights).some(isOfPair)) return {};
  const known: L2GRecipe | undefined = (recipes as Named<L2GRecipe>)[asked.name];
  const wanted = known !== undefined && asked.encoder !== known.encoder ? asked.encoder : undefined;
  if (wanted !== undefined && wanted !== (recipe as L2GRecipe).encoder) {
    throw new UsageError(
      `recipe ${asked.name}: encoder must be ${(recipe as L2GRecipe).encoder}, on which the pair in ${source} stands, got ${wanted}. Another network learns from its pseudo masks by itself: --recipe deeplab-v2 --masks-from ${source}.`,
    );
  }
  const pair = recipe as L2GRecipe;
  return {
    ...Object.fromEntries(pairFields.map((field) => [field, pair[field]])),
    attentionSteps: 0,
    // The segmentation network cannot go on from it.
    ...(isResized(pair) && { steps: 0 }),
  };
}

/** What a pair's weights are of. */
const pairFields = [
  ...([
    "encoder",
    "localEncoder",
    "localNorms",
    "encoderWidth",
    "encoderUnits",
    "encoderNorms",
    "encoderStride",
    "viewNormalization",
  ] as const),
  ...(["earlyChannels", "lateChannels", "affinityChannels", "correlation"] as const),
];

const encoderNameOf = ({ recipe }: Pick<Trained, "recipe">) => (recipe as Partial<L2GRecipe>).encoder;

/** Whether weights are of the local network's encoder alone, which says nothing of the others. */
function isLocalEncoder({ weights, recipe: from }: Pick<Trained, "weights" | "recipe">, recipe: L2GRecipe): boolean {
  const { encoder, localEncoder } = recipe;
  return (
    localEncoder !== encoder && encoderNameOf({ recipe: from }) === localEncoder && !Object.keys(weights).some(isOfPair)
  );
}

export const l2g: Method<L2GRecipe> = {
  name: "l2g",
  paper: {
    authors: "Jiang, Yang, Hou, Wei",
    title: "L2G: A Simple Local-to-Global Knowledge Transfer Framework for Weakly Supervised Semantic Segmentation",
    venue: "CVPR 2022",
    url: "https://arxiv.org/abs/2204.03206",
  },
  recipes,
  study,
  ...networkMethod,
  model: multiScaleModel,
  stages,
  formerly: {
    ...{ localEncoder: "same", localNorms: "frozen", encoderWidth: 0, encoderUnits: [], mapNorms: "none" },
    ...{ viewFit: "crop", viewJitter: [], attentionShuffle: true },
    ...{ viewNormalization: "encoder", attentionBiasRate: 1 },
  },
  imports: importL2G,
  forms,
  adopt(recipe, from) {
    const others = from.filter((each) => !isLocalEncoder(each, recipe));
    const local = from.find((each) => isLocalEncoder(each, recipe))?.recipe as L2GRecipe | undefined;
    const localNorms = local === undefined ? {} : { localNorms: local.encoderNorms === "folded" ? "folded" : "frozen" };
    return Object.assign(
      {},
      networkMethod.adopt(recipe, others),
      localNorms,
      ...others.map((each) => adoptedPair(each, recipe)),
    );
  },
  encoder(file, recipe) {
    const taken = networkMethod.encoder(file, recipe);
    if (recipe.localEncoder === "same" || encoderNameOf(taken) === recipe.encoder) return taken;
    const local = networkMethod.encoder(file, { ...recipe, encoder: recipe.localEncoder });
    return isLocalEncoder(local, recipe) ? local : taken;
  },
  validate(recipe) {
    checkNetworkTraining(recipe);
    checkMultiScale(recipe);
    const { number, oneOf, require } = checksOf(recipe);
    const count = { least: 1, most: 1_000_000, whole: true };
    for (const key of ["attentionBatchSize", "views", "earlyChannels", "lateChannels", "affinityChannels"] as const) {
      number(key, count, "Try 4.");
    }
    number("attentionSteps", { least: 0, most: 99_999_999, whole: true }, "Try 400.");
    number("attentionWarmupSteps", { least: 0, whole: true }, "Use 0 for none.");
    number("attentionRate", { least: 0, above: true }, "Try 1e-3.");
    number("attentionWeightDecay", { least: 0 }, "Use 0 for none.");
    number("attentionMomentum", { least: 0, most: 1 }, "Try 0.9.");
    oneOf("attentionOptimizer", optimizerNames);
    oneOf("attentionSchedule", scheduleNames);
    oneOf("scoreStart", ["xavier", "zeros"]);
    require(Array.isArray(recipe.frozenParts) &&
      recipe.frozenParts.every((part) => typeof part === "string"), "frozenParts", "a list of names", "Try stem.");
    number("newRate", { least: 0 }, "10 is as published.");
    for (const key of ["transferWeight", "localWeight", "globalWeight", "targetThreshold"] as const) {
      number(key, { least: 0 }, "Use 0 for none.");
    }
    oneOf("sampler", samplerNames);
    require(recipe.sampler !== "uniform" ||
      Number.isInteger(Math.sqrt(recipe.views)), "views", "a square number for uniform views", "Try 4 or 9.");
    oneOf("targetBackground", ["binary", "raw"]);
    oneOf("saliencyFallback", ["paper", "release"]);
    number("encoderWidth", { least: 0, most: 1024, whole: true }, "0 is as published.");
    const published = recipe.encoder === "vgg16" ? vgg16Units : resNet38Units;
    const stages = published.length;
    const areUnits =
      Array.isArray(recipe.encoderUnits) &&
      [0, stages].includes(recipe.encoderUnits.length) &&
      recipe.encoderUnits.every((units) => Number.isInteger(units) && units >= 1 && units <= 64);
    const remedy = `As in ${published.join(", ")}.`;
    require(areUnits, "encoderUnits", `${stages} whole numbers from 1 to 64, or none`, remedy);
    if (isResized(recipe)) {
      oneOf("encoder", ["resnet38", "vgg16"]);
      require(recipe.steps ===
        0, "steps", "0 for an encoder of another size", "Another network learns its masks by --masks-from.");
    }
    oneOf("localNorms", ["frozen", "folded"]);
    oneOf("localEncoder", ["same", ...encoderNames()]);
    checkSides(recipe, findEncoder(recipe.encoder).multiple, ["viewSize"]);
    checkSides(recipe, findEncoder(encoderOf("local", recipe)).multiple, ["localSize"]);
    number("localSize", { least: 1, most: recipe.viewSize }, "Make the global view larger.");
    oneOf("viewNormalization", viewNormalizations);
    number("attentionBiasRate", { least: 0, above: true }, "2 is as published.");
    oneOf("viewFit", ["crop", "squeeze"]);
    const isJitter =
      Array.isArray(recipe.viewJitter) &&
      [0, 4].includes(recipe.viewJitter.length) &&
      recipe.viewJitter.every((share, i) => share >= 0 && share <= (i === 3 ? 0.5 : 10));
    const jitter = "none, or four numbers from 0: up to 10 for brightness, contrast and saturation, up to 0.5 for hue";
    require(isJitter, "viewJitter", jitter, "0.3, 0.3, 0.3, 0.1 is as released.");
    number("shortSide", { least: recipe.viewSize, whole: true }, "Views are cut from photographs of this size.");
    number("camThreshold", { least: 0, most: 1 }, "Try 0.25.");
    oneOf("camSaliency", camSaliencyNames);
    require(recipe.camSaliencyWeight > 0 &&
      recipe.camSaliencyWeight < 1, "camSaliencyWeight", "a number above 0, below 1", "Try 0.5.");
    oneOf("camCrf", camCrfNames);
    require(Array.isArray(recipe.camAlphas) &&
      recipe.camAlphas.length === 2 &&
      recipe.camAlphas.every(
        (alpha) => alpha > 0 && alpha <= 100,
      ), "camAlphas", "two numbers above 0, at most 100", "Try 4, 24.");
    oneOf("camWindows", ["whole", "sliding"]);
    oneOf("camMaps", ["none", "png", "npy"]);
    require(Array.isArray(recipe.camScales) &&
      recipe.camScales.length > 0 &&
      recipe.camScales.every((scale) => scale > 0 && scale <= 4), "camScales", "numbers above 0, at most 4", "Try 1.");
  },
};
