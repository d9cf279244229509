/** A recipe by name, from a file, or of a run. */
import { InputError } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";

/**
 * text: the name of a recipe; a JSON file that holds a whole one, as `tessera recipe` prints it; or a run folder, whose recipe is
 * taken. With `settings` applied; not checked as a whole yet. Throws UsageError for an unknown name, and InputError for a file
 * or folder that is none.
 */
export async function namedRecipe(
  platform: Platform,
  text: string,
  settings: readonly string[],
  methods: readonly Method[] | undefined,
): Promise<ResolvedRecipe> {
  const { applySetting, recipeFrom, recipeToAdopt } = await import("../methods/resolve-recipe.ts");
  const isPath = /[\\/]|\.json$/i.test(text);
  const kind = await platform.exists(text);
  if (!isPath && kind !== "folder") return recipeToAdopt(text, settings, methods);
  if (kind === "folder" && (isPath || (await platform.exists(`${text}/run.json`)) === "file")) {
    const { readRun } = await import("../runs/run.ts");
    const { method, recipe } = await readRun(platform, text, { methods });
    return { method, recipe: settings.reduce(applySetting, recipe) };
  }
  if (!isPath) return recipeToAdopt(text, settings, methods);
  if (kind === "nothing") {
    throw new InputError(
      `${text}: expected the file of a recipe, got nothing there. Write one with: tessera recipe NAME > ${text}`,
    );
  }
  const { parsed } = await import("../datasets/text-file.ts");
  const remedy = "Correct it, or print one anew: tessera recipe NAME";
  const value = parsed(await platform.readText(text), text, remedy, "expected a recipe as JSON");
  const { method, recipe } = recipeFrom(value, text, methods);
  return { method, recipe: settings.reduce(applySetting, recipe) };
}
