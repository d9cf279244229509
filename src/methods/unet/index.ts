import { encoders } from "../../backbones/encoders.ts";
import { publishedEncoder } from "../../backbones/published.ts";
import { InputError } from "../../errors.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { unet as network } from "../../networks/unet/network.ts";
import { type Part, transferUNet } from "../../networks/unet/transfer.ts";
import { imageInput } from "../../nn/image-input.ts";
import { softmax } from "../../ops/index.ts";
import { certaintyView } from "../certainty-view.ts";
import { checkSegmentationLoss, checksOf } from "../checks.ts";
import type { Method, Task } from "../method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Trained, TrainingStage } from "../stage.ts";
import { recipes, type UNetRecipe } from "./recipe.ts";

/** image: [B, 3, H, W] in [−1, 1] → class scores [B, K, H, W]. */
const logitsOf =
  (recipe: UNetRecipe, { classes }: Task) =>
  (scope: Scope, image: Tensor) =>
    network(scope, image, classes.length, recipe).logits;

/** image: [B, H, W, 3] uint8 → class probabilities [B, K, H, W]. */
const probabilitiesOf = (recipe: UNetRecipe, task: Task) => (scope: Scope, image: Tensor) =>
  softmax(logitsOf(recipe, task)(scope, imageInput(image)), { axis: 1 });

const inEncoder = (parameter: string) => parameter.startsWith("encoder.");

/** First with the encoder as it is, if so asked, then with all. */
function stages(recipe: UNetRecipe, task: Task): TrainingStage[] {
  const { encoderRate, frozenSteps, frozenWarmupSteps } = recipe;
  const begin = ({ weights, recipe: from, source, stage }: Trained) => {
    const parts: readonly Part[] = stage === "encoder" ? ["encoder"] : ["encoder", "decoder", "head"];
    return transferUNet(weights, from as UNetRecipe, recipe, { parts, outputs: task.classes.length, source });
  };
  const own = (parameter: string) => !inEncoder(parameter);
  const frozen = { ...recipe, steps: frozenSteps, warmupSteps: frozenWarmupSteps };
  const first: TrainingStage = {
    ...segmentationStage(logitsOf(recipe, task), frozen, task, { name: "frozen", begin, trains: own }),
    fields: { steps: "frozenSteps", warmupSteps: "frozenWarmupSteps" },
  };
  const all = segmentationStage(logitsOf(recipe, task), recipe, task, {
    ...{ name: "train", begin },
    ...(encoderRate === 0 && { trains: own }),
    group: (parameter, rank) => ({ rate: inEncoder(parameter) ? encoderRate : 1, decay: rank > 1 ? 1 : 0 }),
  });
  return [...(frozenSteps > 0 ? [first] : []), ...(recipe.steps > 0 ? [all] : [])];
}

export const unet: Method<UNetRecipe> = {
  name: "unet",
  paper: {
    authors: "Ronneberger, Fischer, Brox",
    title: "U-Net: Convolutional Networks for Biomedical Image Segmentation",
    venue: "MICCAI 2015",
    url: "https://arxiv.org/abs/1505.04597",
  },
  recipes,
  vocabulary: "closed",
  stages,
  model: (recipe, task) => ({
    kind: "semantic",
    stride: encoders[recipe.encoder].multiple,
    scores: probabilitiesOf(recipe, task),
  }),
  views: (recipe, task) => [certaintyView(recipe, probabilitiesOf(recipe, task))],
  validate(recipe) {
    const { oneOf, number } = checksOf(recipe);
    oneOf("encoder", Object.keys(encoders));
    oneOf("encoderNorms", ["batch", "frozen", "folded"]);
    oneOf("encoderStride", [32, 16, 8]);
    oneOf("decoder", ["unet", "linear", "convolutional"]);
    oneOf("upsampling", ["nearest", "bilinear"]);
    oneOf("outputStride", [1, 2, 4]);
    number("encoderRate", { least: 0 }, "0.1 is usual.");
    number("frozenSteps", { least: 0, most: 99_999_999, whole: true }, "0 leaves them out.");
    checkSegmentationLoss(recipe);
  },
  adopt: (recipe, from) =>
    Object.assign({ ...recipe }, ...from.map((trained) => adopted(trained, recipe))) as UNetRecipe,
  encoder(file, recipe) {
    const { encoders: fitting, norms, weights } = publishedEncoder(file);
    const encoder = fitting.includes(recipe.encoder) ? recipe.encoder : fitting[0];
    return {
      stage: "encoder",
      weights: Object.fromEntries(Object.entries(weights).map(([name, array]) => [`encoder.${name}`, array])),
      recipe: { ...recipe, encoder, encoderNorms: norms },
    };
  },
};

/** What the network's weights say of it. */
function adopted({ recipe: from, source }: Trained, { encoderNorms }: UNetRecipe): Partial<UNetRecipe> {
  const { encoder, encoderNorms: norms } = from as Partial<UNetRecipe>;
  if (encoder === undefined || norms === undefined) {
    throw new InputError(
      `${source}: expected weights of a U-Net or an encoder, got those of ${from.method}. Use a U-Net.`,
    );
  }
  const same = (norms === "folded") === (encoderNorms === "folded");
  return { encoder, encoderNorms: same ? encoderNorms : norms };
}
