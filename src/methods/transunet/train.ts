import type { Named, NdArray } from "../../array/ndarray.ts";
import { ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { augment } from "../../data/augment.ts";
import type { Sample } from "../../data/sample.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { imageInput } from "../../nn/image-input.ts";
import type { Stage, Task } from "../method.ts";
import { segmentationLoss } from "./loss.ts";
import { transunet } from "./model.ts";
import type { TransUNetRecipe } from "./recipe.ts";

/** Supervised training on masks: one crop of each sample, all parameters. */
export const train: Stage<TransUNetRecipe> = {
  name: "train",

  inputs({ batchSize, cropHeight, cropWidth }) {
    return {
      image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
      labels: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth] },
    };
  },

  prepare(sample: Sample, recipe: TransUNetRecipe, _task: Task, random: Random): Named<NdArray> {
    const { image, labels } = augment(sample, recipe, random);
    return {
      image: ndarray("uint8", [image.height, image.width, 3], image.data),
      labels: ndarray("uint8", [labels.height, labels.width], Uint8Array.from(labels.data)),
    };
  },

  loss(scope: Scope, { image, labels }: Named<Tensor>, recipe: TransUNetRecipe, task: Task): Named<Tensor> {
    const { logits } = transunet(scope, imageInput(image), task.classes.length, recipe);
    return segmentationLoss(logits, labels, recipe, task.frequencies);
  },
};
