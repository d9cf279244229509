import type { TrainingStage } from "../methods/stage.ts";
import type { Engine } from "../runtime/engine.ts";
import { buildStep, type TrainingStep } from "../step/step.ts";

/** A stage's training step. Its functions are called on it: a stage may be of a class. */
export function buildStageStep(stage: TrainingStage, engine: Engine): Promise<TrainingStep> {
  const { trains, rests, group } = stage;
  return buildStep({
    engine,
    inputs: stage.inputs,
    loss: (scope, batch) => stage.loss(scope, batch),
    recipe: stage.settings,
    ...(trains && { trains: (name: string) => trains.call(stage, name) }),
    ...(rests && { rests: (name: string) => rests.call(stage, name) }),
    ...(group && { group: (name: string, rank: number) => group.call(stage, name, rank) }),
  });
}
