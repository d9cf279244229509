/** What is set for a data set where nobody says. */
import type { Dataset } from "../../data/dataset.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";

/**
 * The background's threshold that the authors tuned for a data set, of their code or of the paper. It is of models like theirs alone: a
 * recipe with a threshold other than the published one is scored with its own.
 */
export function settingsFor(
  { threshold, scores }: GroupViTRecipe,
  { wordThresholds }: Pick<Dataset, "wordThresholds">,
): readonly string[] {
  const tuned = scores === "hf" ? undefined : wordThresholds?.[scores];
  const isPublished = threshold === recipes["groupvit-2stage"].threshold;
  return !isPublished || tuned === undefined || tuned === threshold ? [] : [`threshold=${tuned}`];
}
