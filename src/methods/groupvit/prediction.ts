/** How a GroupViT predicts classes that are asked for by words. */
import { fromNumbers } from "../../array/ndarray.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { InputError } from "../../errors.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { concat, constantLike, gather, slice } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { SemanticModel } from "../model.ts";
import { anyTask } from "../stages.ts";
import { classVectors, logitScale } from "./network.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { type Background, excluded, type GroupedImages, groupClassScores, groupLogits } from "./segmentation.ts";
import { normalizations, scalings, unclampedScale, windowScores } from "./window-scores.ts";
import { askedWords, requireVocabulary } from "./words.ts";

/** The model of a recipe for the classes of a task; see the README beside this file for what it does with several words of one. */
export function wordModel(recipe: GroupViTRecipe, { classes }: Task): SemanticModel {
  const { patchSize, windowSide, shortSide, longSide } = recipe;
  // A network that reads no words has its shapes all the same.
  if (classes !== anyTask.classes) requireVocabulary(recipe);
  return {
    ...{ kind: "semantic", stride: patchSize, window: [windowSide, windowSide], anySize: true, windowing: "halves" },
    preparation: { shortSide, longSide, ...scalings[recipe.normalization] },
    scores: (scope, image) => askedScores(scope, image, recipe, classes),
  };
}

/** image: [B, H, W, 3] uint8 → scores of the classes in their order, [B, K, H, W]. */
function askedScores(scope: Scope, image: Tensor, recipe: GroupViTRecipe, classes: readonly ClassInfo[]): Tensor {
  const { normalization, scores } = recipe;
  const { named, background, kept } = asked(recipe, classes);
  const { vectors, counts } = namedVectors(scope, recipe, named);
  const found = windowScores(scope, image, vectors, recipe, {
    ...{ normalization: normalizations[normalization], scores, background, kept, counts },
  });
  return inOrder(found, classes, { axis: 1, background });
}

/** Scores of the classes in their order for groups, or for what stands in their place: [B, G, K]. */
export function scoresOfVectors(
  scope: Scope,
  images: Pick<GroupedImages, "groupEmbeddings" | "embedding">,
  recipe: GroupViTRecipe,
  classes: readonly ClassInfo[],
): Tensor {
  const { named, background, kept } = asked(recipe, classes);
  const { vectors, counts } = namedVectors(scope, recipe, named);
  const found =
    recipe.scores === "hf"
      ? groupLogits(images, vectors, unclampedScale(scope), counts)
      : groupClassScores(images, vectors, logitScale(scope), { background, scores: recipe.scores, kept, counts });
  return inOrder(found, classes, { axis: 2, background });
}

/** What is asked of the network: classes that are words, and a background where the scores have one. */
function asked({ threshold, keptClasses: kept, scores }: GroupViTRecipe, classes: readonly ClassInfo[]) {
  const place = classes.findIndex(({ background }) => background === true);
  const named = classes.filter((_, index) => index !== place);
  if (named.length === 0) {
    throw new InputError("groupvit: expected at least one class besides the background, got none. Name some.");
  }
  return { named, kept, background: place >= 0 && scores !== "hf" ? { threshold } : null };
}

/** Scores along an axis, a background first where they have one, in the order of the classes; one without is never the largest. */
export function inOrder(
  found: Tensor,
  classes: readonly ClassInfo[],
  { axis, background }: { readonly axis: number; readonly background: Background | null },
): Tensor {
  const place = classes.findIndex((each) => each.background === true);
  if (place < 0) return found;
  // The port has no background: a class that never wins stands in for it.
  const first = slice(found, [{ axis, start: 0, end: 1 }]);
  const all = background === null ? concat([constantLike(first, excluded), found], { axis }) : found;
  if (place === 0) return all;
  const order = Array.from(classes, (_, k) => (k === place ? 0 : k < place ? k + 1 : k));
  return gather(all, constant(fromNumbers("int64", [order.length], order)), { axis });
}

/** A vector of length 1 for each word, [W, C], and how many words each class has. */
export function namedVectors(scope: Scope, recipe: GroupViTRecipe, named: readonly ClassInfo[]) {
  const { ids, counts } = askedWords(named, recipe.templates, recipe);
  return { vectors: classVectors(scope, constant(ids), recipe), counts };
}
