/** The visible list of methods: command line, help and documentation read it. */
import { suggestion, UsageError } from "../errors.ts";
import { ddep } from "./ddep/index.ts";
import { deepLab } from "./deeplab/index.ts";
import { groupvit, groupvitTransfer } from "./groupvit/index.ts";
import { gss } from "./gss/index.ts";
import { l2g } from "./l2g/index.ts";
import { maxDeepLab } from "./max-deeplab/index.ts";
import type { Method } from "./method.ts";
import type { Recipe } from "./recipe.ts";
import { transunet } from "./transunet/index.ts";
import { unet } from "./unet/index.ts";

/** Published files are shown to them in this order: the last two take every file of a kind for theirs. */
export const methods: readonly Method[] = [
  unet,
  deepLab,
  gss,
  groupvit,
  groupvitTransfer,
  l2g,
  maxDeepLab,
  transunet,
  ddep,
];

/** Names of all recipes, in the order of the list. */
export function recipeNames(list: readonly Method[] = methods): string[] {
  return list.flatMap(({ recipes }) => Object.keys(recipes));
}

/**
 * The recipe called `name` and its method, among those of `list`: ours, and whatever methods a user adds to them. Throws
 * UsageError with the nearest name where there is none.
 */
export function findRecipe(
  name: string,
  list: readonly Method[] = methods,
): { readonly method: Method; readonly recipe: Recipe } {
  for (const method of list) {
    if (Object.hasOwn(method.recipes, name)) return { method, recipe: method.recipes[name] };
  }
  throw new UsageError(`recipe: expected a known name, got "${name}". ${suggestion(name, recipeNames(list))}`);
}

/** The method called `name`, as a recipe's `method` field has it. */
export function findMethod(name: string, list: readonly Method[] = methods): Method {
  const found = list.find((method) => method.name === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `method: expected a known name, got "${name}". ${suggestion(
      name,
      list.map((method) => method.name),
    )} A method of your own is named by --method FILE.`,
  );
}
