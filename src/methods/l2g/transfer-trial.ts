/** A look at the pair: what the local network attends to in its views, what of that is the target, and what the global one sees. */
import { fromNumbers, toNumbers } from "../../array/ndarray.ts";
import { foregroundOf } from "../../data/background.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { mean as meanOf } from "../../metrics/confusion.ts";
import { add, cast, greater, greaterOrEqual, max, mean, or, reshape, softmax, where } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Trial } from "../stage.ts";
import { transferLoss } from "./losses.ts";
import type { Classified } from "./network.ts";
import { pairSources, preparedViews } from "./prepared-views.ts";
import type { L2GRecipe } from "./recipe.ts";
import { transferOf } from "./transfer.ts";
import { transferPictures } from "./transfer-pictures.ts";

/**
 * Scored by the transfer loss of views that are not trained on, or of those that are where nothing else is there. Of photographs without
 * tags the local network says which classes they have.
 */
export function transferTrial(recipe: L2GRecipe, task: Task): Trial {
  const foreground = foregroundOf(task);
  const sources = pairSources(recipe);
  // As prediction sees them: colours as they are.
  const plain: L2GRecipe = { ...recipe, photometric: 0, viewJitter: [] };
  return {
    name: "transfer",
    images: 6,
    ...sources,
    learnsFrom: [...sources.learnsFrom, "mask"],
    prepare(sample, random) {
      // Photographs that nobody labelled have neither.
      const saliency = plain.saliency && sample.labels.saliency !== undefined;
      const views = preparedViews(sample, { ...plain, saliency }, foreground, random, { withMask: true });
      return { ...views, isTagged: fromNumbers("bool", [1], [sample.labels.tags === undefined ? 0 : 1]) };
    },
    outputs(scope, batch) {
      const found = transferOf(scope, batch, recipe, (local) =>
        where(batch.isTagged, batch.tags, guessed(local, recipe.views)),
      );
      return {
        ...{ attention: found.attention, target: found.target, classes: found.tags },
        global: softmax(found.global.maps, { axis: 1 }),
        loss: reshape(transferLoss(found.seen, found.target), [1]),
        // What the pictures are drawn on: the graph hands it through, under other names.
        ...{ places: add(batch.boxes, 0), view: cast(batch.image, "float32") },
        ...(batch.mask && { truth: cast(batch.mask, "float32") }),
      };
    },
    scores: (results) => [
      { name: "transfer loss", value: meanOf(results.flatMap(({ loss }) => toNumbers(loss))), unit: "plain" },
    ],
    pictures: (result) => transferPictures(result, task.classes, foreground),
  };
}

/** Classes that the local network sees in the views, at least the likeliest: [1, C], 0 or 1. */
function guessed({ logits }: Classified, views: number): Tensor {
  const [, classes] = logits.shape;
  const whole = mean(reshape(logits, [1, views, classes]), { axes: [1] }); // [1, C]
  return cast(or(greater(whole, 0), greaterOrEqual(whole, max(whole, { axes: [1], keepDims: true }))), "float32");
}
