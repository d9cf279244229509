/** What methods whose network has a pretrained encoder share. */
import type { OnnxEncoderFile } from "../backbones/onnx-file.ts";
import { type NetworkSettings, networkOf } from "../networks/network.ts";
import type { WeightFile } from "../weights/read-weights.ts";
import type { Recipe } from "./recipe.ts";
import type { Trained, TrainingStage } from "./stage.ts";

export const inEncoder = (parameter: string): boolean => parameter.startsWith("encoder.");

/** How a stage trains the encoder: at `encoderRate` of the learning rate, or not at all. */
export function encoderTraining(settings: NetworkSettings): Pick<TrainingStage, "trains" | "group"> {
  if (!("encoderRate" in settings) || settings.encoderRate === 1) return {};
  const { encoderRate } = settings;
  if (encoderRate === 0) return { trains: (parameter) => !inEncoder(parameter) };
  return {
    group: (parameter, rank) => ({ rate: inEncoder(parameter) ? encoderRate : 1, decay: rank > 1 ? 1 : 0 }),
  };
}

/** A published file of an encoder for a recipe's network, see `Method.encoder`. */
export function openedEncoder(
  file: WeightFile | OnnxEncoderFile,
  recipe: Recipe & NetworkSettings,
): Pick<Trained, "weights" | "stage" | "recipe"> {
  const { weights, settings } = networkOf(recipe).encoder(file);
  return { stage: "encoder", weights, recipe: { ...recipe, ...settings } as Recipe };
}
