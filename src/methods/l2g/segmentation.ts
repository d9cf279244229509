/** The network that learns the pseudo masks. */
import type { Task } from "../method.ts";
import { multiScaleStage } from "../multi-scale.ts";
import { encoderTraining } from "../network-method.ts";
import type { Trained, TrainingStage } from "../stage.ts";
import type { L2GRecipe } from "./recipe.ts";

/** The segmentation network goes on from the global network's encoder, or from an encoder of its own. */
function begin({ weights, stage }: Trained) {
  if (stage === "encoder") return { weights, notes: [] };
  const prefix = "globalEncoder.";
  const own = Object.entries(weights).filter(([name]) => name.startsWith(prefix));
  return {
    weights: Object.fromEntries(own.map(([name, array]) => [`encoder.${name.slice(prefix.length)}`, array])),
    notes: [],
  };
}

export function maskStage(recipe: L2GRecipe, task: Task): TrainingStage {
  return multiScaleStage(recipe, task, { name: "train", begin, ...encoderTraining(recipe.encoderRate) });
}
