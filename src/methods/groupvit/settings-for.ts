/** What is set for a data set where nobody says. */
import type { Dataset } from "../../data/dataset.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";

/**
 * The background's threshold that the authors tuned for a data set. It is of models like theirs alone: a recipe with a threshold other than
 * the published one is scored with its own.
 */
export function settingsFor(
  { threshold, scores }: GroupViTRecipe,
  { wordThreshold }: Pick<Dataset, "wordThreshold">,
): readonly string[] {
  const isPublished = threshold === recipes["groupvit-2stage"].threshold && scores === "official";
  if (!isPublished || wordThreshold === undefined || wordThreshold === threshold) return [];
  return [`threshold=${wordThreshold}`];
}
