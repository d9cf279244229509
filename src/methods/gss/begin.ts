/** What a stage takes over: all that it declares, in the same shape; the rest waits for stages behind it. */
import { sameShape } from "../../array/shape.ts";
import type { Beginning, Trained, TrainingStage } from "../stage.ts";
import { trainingModel } from "../stages.ts";

/** Parts of a GSS model, as their parameters' names begin. */
const parts = ["encoder", "head", "auxiliary", "tokenizer", "palette", "inverse"];

/** A stage with what it begins with. */
export function beginning(stage: TrainingStage): TrainingStage {
  return { ...stage, begin: (from) => takenOver(stage, from) };
}

function takenOver(stage: TrainingStage, { weights, recipe, source }: Trained): Beginning {
  const declared = trainingModel(stage).model.parameters;
  // Other methods call other things `head`; an encoder is one everywhere.
  const known = recipe.method === stage.settings.method ? parts : ["encoder"];
  const own = Object.entries(weights).filter(([name]) => known.includes(name.split(".")[0]));
  const fits = ([name, array]: (typeof own)[number]) => {
    const parameter = declared.get(name);
    return parameter === undefined || sameShape(parameter.tensor.shape, array.shape);
  };
  const other = own.filter((entry) => !fits(entry)).map(([name]) => name);
  const places = [...new Set(other.map((name) => name.replace(/\.[^.]+$/, "")))];
  return {
    weights: Object.fromEntries(own.filter((entry) => declared.has(entry[0]) && fits(entry))),
    kept: Object.fromEntries(own.filter(([name]) => !declared.has(name))),
    anew: other,
    notes: places.map((place) => `${place} starts anew: ${source} has it in another shape`),
  };
}
