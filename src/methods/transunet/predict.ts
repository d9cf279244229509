import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { imageInput } from "../../nn/image-input.ts";
import { softmax } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import { transunet } from "./model.ts";
import type { TransUNetRecipe } from "./recipe.ts";

/** image: [B, H, W, 3] uint8 RGB, sides multiples of 16 → class probabilities [B, K, H, W]. */
export function predict(scope: Scope, image: Tensor, recipe: TransUNetRecipe, task: Task): Tensor {
  const { logits } = transunet(scope, imageInput(image), task.classes.length, recipe);
  return softmax(logits, { axis: 1 });
}
