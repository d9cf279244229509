import { command } from "./command.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";

export const recipeCommand = command({
  name: "recipe",
  summary: "print a whole recipe as JSON, to be changed and given to train",
  positionals: [{ name: "NAME", help: "a recipe, a JSON file, or a run folder", count: "one" }],
  options: {
    ...methodOptions,
    set: { kind: "list", placeholder: "KEY=VALUE", help: "change a value, as tessera train would; may be repeated" },
  },
  examples: [
    [
      "tessera recipe unet-small > mine.json",
      "every value, to edit; then: tessera train photos --recipe mine.json --out run",
    ],
    ["tessera recipe run --set steps=8000 > longer.json", "that of a run, with a change"],
  ],
  async run({ positionals: [name], options: { set, method: files } }, terminal) {
    const [{ nodePlatform }, { namedRecipe }, { checkRecipe }] = await Promise.all([
      import("../platform/node.ts"),
      import("./named-recipe.ts"),
      import("../methods/resolve-recipe.ts"),
    ]);
    const { method, recipe } = await namedRecipe(nodePlatform, name, set, await methodsWith(nodePlatform, files));
    checkRecipe(method, recipe);
    terminal.print(JSON.stringify(recipe, null, 2));
    terminal.result(recipe);
  },
});
