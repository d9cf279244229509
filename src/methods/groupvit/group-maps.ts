import type { Tensor } from "../../graph/tensor.ts";
import { imageInput } from "../../nn/image-input.ts";
import { axisSize, div, matmul, maximum, reshape, sum } from "../../ops/index.ts";
import type { GroupMaps } from "../groups.ts";
import type { Task } from "../method.ts";
import { bytesOf, scaledPhotograph } from "./group-views.ts";
import { encodeImages, logitScale } from "./network.ts";
import { namedVectors } from "./prediction.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { assignmentsBy, groupClassScores, patchGroups } from "./segmentation.ts";
import { normalizations } from "./window-scores.ts";

/** Far below what any soft map sums to, in patches. */
const leastShare = 1e-20;

/**
 * The groups of both stages on whole photographs. Vectors that words are compared with belong to the last groups; a group of an
 * earlier stage is as near to a word as those are, by how much of each its patches go to. Null where nothing is grouped.
 */
export function groupMapsOf(recipe: GroupViTRecipe, { classes }: Task): GroupMaps | null {
  if (recipe.depths.length === 1) return null;
  const named = classes.filter(({ background }) => background !== true);
  const stages = recipe.outputGroups.slice(0, recipe.depths.length - 1);
  return {
    stages: stages.map((count, stage) => ({ name: `stage ${stage + 1}`, count })),
    prepare: (image) => ({ image: bytesOf(scaledPhotograph(image, recipe)) }),
    outputs(scope, { image }) {
      const encoded = encodeImages(scope, imageInput(image, normalizations[recipe.normalization]), recipe);
      const maps = patchGroups(assignmentsBy(recipe.scores, encoded), encoded.grid); // [1, G, rows, columns] of each stage
      const found = maps.map((map, stage) => [`map:stage ${stage + 1}`, map] as const);
      if (named.length === 0) return Object.fromEntries(found);
      const { vectors, counts } = namedVectors(scope, recipe, named);
      const options = { background: null, scores: recipe.scores, counts };
      const scores = groupClassScores(encoded, vectors, logitScale(scope), options); // [1, G, N]
      const last = flat(maps[maps.length - 1]);
      const words = maps.map((map, stage) => {
        const shared = matmul(flat(map), last, { transposeB: true }); // [1, G of this stage, G]
        // A group without patches is near nothing, in place of 0 / 0.
        const shares = div(shared, maximum(sum(shared, { axes: [2], keepDims: true }), leastShare));
        return [`words:stage ${stage + 1}`, matmul(shares, scores)] as const;
      });
      return Object.fromEntries([...found, ...words]);
    },
  };
}

/** [1, G, rows, columns] → [1, G, patches]. */
function flat(map: Tensor): Tensor {
  return reshape(map, [1, axisSize(map, 1), axisSize(map, 2) * axisSize(map, 3)]);
}
