import type { Named } from "../array/ndarray.ts";
import { InputError, shown } from "../errors.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { TrainingStage } from "../methods/stage.ts";
import { embeddingOf } from "../methods/stages.ts";
import type { Engine } from "../runtime/engine.ts";
import { buildStep, type TrainingStep } from "../step/step.ts";
import { defaultGroup, type Group } from "../step/update.ts";

type Factors = ReturnType<NonNullable<TrainingStage["group"]>>;

/** With the default of what is left out. Throws InputError where they are no numbers, or no range. */
export function factorsOf(
  given: Factors | undefined,
  { name: stage }: Pick<TrainingStage, "name">,
  parameter: string,
  rank: number,
): ReturnType<Group> {
  const { rate, decay, range } = { ...defaultGroup(parameter, rank), ...given };
  const isGiven = typeof given === "object" && given !== null;
  if (range !== undefined && !(Array.isArray(range) && range.length === 2 && range[0] <= range[1])) {
    throw new InputError(
      `stage ${stage}: expected range of group for ${parameter} as [least, most], got ${shown(range)}. Correct the method.`,
    );
  }
  if (isGiven && Number.isFinite(rate) && Number.isFinite(decay)) return { rate, decay, ...(range && { range }) };
  throw new InputError(
    `stage ${stage}: expected numbers rate and decay of group for ${parameter}, got ${shown(given)}. Correct the method.`,
  );
}

/** A stage's training step. Its functions are called on it: a stage may be of a class. */
export function buildStageStep(stage: TrainingStage, engine: Engine): Promise<TrainingStep> {
  const { trains, rests, group } = stage;
  return buildStep({
    engine,
    inputs: stage.inputs,
    ...(stage.embed && { embed: (scope: Scope, batch: Named<Tensor>) => embeddingOf(stage, scope, batch) }),
    loss: (scope, batch) => stage.loss(scope, batch),
    recipe: stage.settings,
    ...(trains && { trains: (name: string) => trains.call(stage, name) }),
    ...(rests && { rests: (name: string) => rests.call(stage, name) }),
    ...(group && {
      group: (name: string, rank: number) => factorsOf(group.call(stage, name, rank), stage, name, rank),
    }),
  });
}
