/** A model that takes windows of any size, on photographs as wholes: a program for each size, of which the last few are kept. */
import { InputError } from "../errors.ts";
import { modelOf } from "../methods/stages.ts";
import type { Engine } from "../runtime/engine.ts";
import { keptPrograms } from "./kept-programs.ts";
import type { TrainedModel } from "./model.ts";
import { assemble } from "./pipeline/assemble.ts";
import { openPrograms, type PipelinePrograms } from "./programs.ts";

export interface WholeImages {
  /** Runs `use` with programs whose window has this size. */
  with<T>(size: readonly [number, number], use: (programs: PipelinePrograms) => Promise<T>): Promise<T>;
  release(): Promise<void>;
}

/** Each has its own copy of the weights. */
const keptSizes = 2;

/** Throws InputError when it is used for a model that sees windows of some sizes only. */
export function wholeImages(engine: Engine, trained: TrainedModel): WholeImages {
  const { method, recipe, task, source } = trained;
  const model = modelOf({ method, recipe }, task);
  const kept = keptPrograms<PipelinePrograms>(keptSizes);
  return {
    async with(size, use) {
      if (model.kind !== "semantic" || model.anySize !== true) {
        throw new InputError(
          `${source}: expected a model that sees windows of any size for whole photographs, got one of some sizes only. Leave windows out, or use none.`,
        );
      }
      const open = () => openPrograms(engine, { file: null, model: () => assemble(engine, trained, { window: size }) });
      return kept.with(size.join("x"), open, use);
    },
    release: () => kept.release(),
  };
}
