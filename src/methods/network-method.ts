/** What methods share whose model is a network of `networks/`: how it predicts, what it shows, what it takes over. */
import type { OnnxEncoderFile } from "../backbones/onnx-file.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { SegmentationLossSettings } from "../losses/segmentation.ts";
import { type NetworkSettings, networkOf } from "../networks/network.ts";
import { inEncoder } from "../networks/transfer.ts";
import { imageInput } from "../nn/image-input.ts";
import { softmax } from "../ops/index.ts";
import type { WeightFile } from "../weights/read-weights.ts";
import { certaintyView } from "./certainty-view.ts";
import { checkNetwork } from "./check-network.ts";
import { checkSegmentationLoss } from "./checks.ts";
import type { Task } from "./method.ts";
import type { SemanticModel } from "./model.ts";
import type { Recipe } from "./recipe.ts";
import type { Trained, TrainingStage, Trial } from "./stage.ts";

export type NetworkRecipe = Recipe & NetworkSettings;

/** image: [B, 3, H, W] in [−1, 1] → class scores [B, K, H, W]. */
export function logitsOf(recipe: NetworkRecipe, { classes }: Task) {
  return (scope: Scope, image: Tensor): Tensor => networkOf(recipe).logits(scope, image, classes.length);
}

/** image: [B, H, W, 3] uint8 → class probabilities [B, K, H, W]. */
function probabilitiesOf(recipe: NetworkRecipe, task: Task) {
  return (scope: Scope, image: Tensor): Tensor =>
    softmax(logitsOf(recipe, task)(scope, imageInput(image)), { axis: 1 });
}

function networkModel(recipe: NetworkRecipe, task: Task): SemanticModel {
  const { multiple, size } = networkOf(recipe);
  return { kind: "semantic", stride: multiple, ...(size && { window: size }), scores: probabilitiesOf(recipe, task) };
}

function networkViews(recipe: NetworkRecipe, task: Task): readonly Trial[] {
  return [certaintyView(recipe, probabilitiesOf(recipe, task))];
}

/** The recipe of the network that the given weights are of. */
function adoptNetwork<R extends NetworkRecipe>(recipe: R, from: readonly Trained[]): R {
  const found = from.map(({ weights, recipe: before }) => networkOf(recipe).adopted(weights, before));
  return Object.assign({ ...recipe }, ...found) as R;
}

/**
 * How a stage trains the encoder: at `rate` of its learning rate; 0: not at all. biasRate: a further factor on the rates of biases, the
 * encoder's too, but not on those of norms.
 */
export function encoderTraining(rate: number, biasRate = 1): Pick<TrainingStage, "trains" | "group"> {
  const group = (parameter: string) => ({
    rate: (inEncoder(parameter) ? rate || 1 : 1) * (isBias(parameter) ? biasRate : 1),
  });
  return {
    ...(rate === 0 && { trains: (parameter: string) => !inEncoder(parameter) }),
    ...((biasRate !== 1 || (rate !== 0 && rate !== 1)) && { group }),
  };
}

/** Whether a parameter is of a norm, by the names that layers give theirs. */
export function isOfNorm(parameter: string): boolean {
  return /(^|\.)norm\d*\./.test(parameter);
}

function isBias(parameter: string): boolean {
  return parameter.endsWith(".bias") && !isOfNorm(parameter);
}

/** A published file of an encoder for a recipe's network, see `Method.encoder`. */
function networkEncoder(
  file: WeightFile | OnnxEncoderFile,
  recipe: NetworkRecipe,
): Pick<Trained, "weights" | "stage" | "recipe"> {
  const { weights, settings } = networkOf(recipe).encoder(file);
  return { stage: "encoder", weights, recipe: { ...recipe, ...settings } as Recipe };
}

/** What such methods have in common; what one of them does otherwise it names behind this. */
export const networkMethod = {
  vocabulary: "closed",
  model: networkModel,
  views: networkViews,
  adopt: adoptNetwork,
  encoder: networkEncoder,
} as const;

/** Throws UsageError where the fields of the network, or of the loss that it is trained with, do not go together. */
export function checkNetworkTraining(recipe: NetworkRecipe & SegmentationLossSettings): void {
  checkNetwork(recipe);
  checkSegmentationLoss(recipe);
}
