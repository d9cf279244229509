/** The pair of networks in training: the local one learns tags from views, the global one what the local one attends to. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { foregroundOf } from "../../data/background.ts";
import { InputError } from "../../errors.ts";
import type { Task } from "../method.ts";
import type { Trained, TrainingStage } from "../stage.ts";
import { encoderOf, pairNames } from "./network.ts";
import { pairSources, preparedViews } from "./prepared-views.ts";
import type { L2GRecipe } from "./recipe.ts";
import { pairLosses } from "./transfer.ts";
import { transferTrial } from "./transfer-trial.ts";
import { allParts, encoderPart, isNew, trainsInPair } from "./weights.ts";

/** Whether a parameter is one of the two networks'. */
export function isOfPair(parameter: string): boolean {
  return /^(global|local)(Encoder|Head)\./.test(parameter);
}

/**
 * A pretrained encoder begins the networks that stand on it, by its name: both, or one of two different ones. The weights of a pair begin a
 * pair. Throws InputError for an encoder of neither.
 */
function begin({ weights, recipe: from, source }: Trained, recipe: L2GRecipe) {
  const { encoder, localEncoder, frozenParts } = recipe;
  const given = "encoder" in from ? String(from.encoder) : encoder;
  const notes = unknownParts(Object.keys(weights), given, frozenParts);
  if (Object.keys(weights).some(isOfPair)) return { weights, notes };
  const own = Object.entries(weights).filter(([name]) => name.startsWith("encoder."));
  const networks = pairNames.filter((network) => localEncoder === "same" || encoderOf(network, recipe) === given);
  if (networks.length === 0 && own.length > 0) {
    throw new InputError(
      `${source}: expected weights of ${encoder}, the global network's encoder, or of ${localEncoder}, the local one's, got ${given}. Add --set localEncoder=${given}, or leave it out.`,
    );
  }
  const begun = networks.flatMap((network) =>
    own.map(([name, array]) => [name.replace(/^encoder/, `${network}Encoder`), array]),
  );
  return { weights: Object.fromEntries(begun) as Named<NdArray>, notes };
}

/** A name of another encoder's parts would leave this one's to learn without a word. names: of pretrained weights. */
function unknownParts(names: readonly string[], encoder: string, frozenParts: readonly string[]): string[] {
  const parts = [...new Set(names.flatMap((name) => encoderPart(name) ?? []))];
  const unknown = frozenParts.filter((part) => part !== allParts && !parts.includes(part));
  if (parts.length === 0 || unknown.length === 0) return [];
  return [
    `frozenParts: ${encoder} has no ${unknown.join(", ")}; its parts are ${parts.join(", ")}. --set frozenParts=${allParts} lets all of it rest`,
  ];
}

export function pairStage(recipe: L2GRecipe, task: Task): TrainingStage {
  const { attentionBatchSize: batchSize, viewSize, localSize, views } = recipe;
  const foreground = foregroundOf(task);
  return {
    kind: "training",
    name: "attention",
    ...pairSources(recipe),
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
    shuffles: recipe.attentionShuffle,
    ...(recipe.frozenParts.includes(allParts) && {
      requires: `a pretrained encoder, all of which rests (frozenParts is ${allParts})`,
    }),
    begin: (from) => begin(from, recipe),
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, viewSize, viewSize, 3] },
      views: { dtype: "uint8", shape: [batchSize, views, localSize, localSize, 3] },
      boxes: { dtype: "float32", shape: [batchSize, views, 4] },
      tags: { dtype: "float32", shape: [batchSize, foreground.length] },
      ...(recipe.saliency && {
        saliency: { dtype: "float32", shape: [batchSize, views, 1, localSize, localSize] } as const,
      }),
    },
    prepare: (sample, random) => preparedViews(sample, recipe, foreground, random),
    loss: (scope, batch) => pairLosses(scope, batch, recipe),
    trains: (name) => trainsInPair(name, recipe.frozenParts),
    group: (name) => ({
      rate: (isNew(name) ? recipe.newRate : 1) * (name.endsWith(".bias") ? recipe.attentionBiasRate : 1),
    }),
    trials: [transferTrial(recipe, task)],
  };
}
