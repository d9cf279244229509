import { command } from "./command.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";

export const recipesCommand = command({
  name: "recipes",
  summary: "list the recipes, or print one in full",
  positionals: [{ name: "NAME", help: "a recipe", count: "optional" }],
  options: {
    ...methodOptions,
    set: { kind: "list", placeholder: "KEY=VALUE", help: "change a value, as tessera train would; may be repeated" },
  },
  examples: [
    ["tessera recipes", "lists all"],
    ["tessera recipes transunet-small", "every value of one: what runs is what is printed"],
    ["tessera recipes transunet-small --set steps=2000 --json", "as JSON, with a change"],
  ],
  async run({ positionals: [name], options: { set, method: files } }, terminal) {
    const [{ nodePlatform }, { methods: ours }, { stagesOf, sourcesOf }] = await Promise.all([
      import("../platform/node.ts"),
      import("../methods/index.ts"),
      import("../methods/stages.ts"),
    ]);
    const methods = (await methodsWith(nodePlatform, files)) ?? ours;
    const { kindsText } = await import("../data/labels.ts");
    const { applySetting, resolveRecipe } = await import("../methods/resolve-recipe.ts");
    if (name !== undefined) {
      const { recipe } = resolveRecipe(name, set, methods);
      const width = Math.max(...Object.keys(recipe).map((key) => key.length));
      const lines = Object.entries(recipe).map(([key, value]) => {
        const text = Array.isArray(value) ? value.join(", ") || "none" : String(value);
        return `${key.padEnd(width)}  ${text}`;
      });
      terminal.print(lines.join("\n"));
      terminal.result(recipe);
      return;
    }
    const all = methods.flatMap((method) => Object.values(method.recipes).map((recipe) => ({ method, recipe })));
    const width = Math.max(...all.map(({ recipe }) => recipe.name.length));
    for (const { method, recipe } of all) {
      const changed = set.reduce(applySetting, recipe);
      const crop = `${changed.cropHeight}x${changed.cropWidth}`;
      const from = kindsText(sourcesOf({ method, recipe: changed }).labels);
      const about = `${changed.steps} steps of ${changed.batchSize} crops ${crop}, learns from ${from}`;
      terminal.print(`${terminal.bold(recipe.name.padEnd(width))}  ${about}`);
    }
    for (const { paper, name: methodName } of methods) {
      terminal.print(terminal.dim(`${methodName}: ${paper.title}. ${paper.venue}. ${paper.url}`));
    }
    terminal.result(
      all.map(({ method, recipe }) => ({
        ...{ name: recipe.name, method: method.name, learnsFrom: sourcesOf({ method, recipe }).labels },
        ...{
          stages: stagesOf({ method, recipe }).map((stage) => stage.name),
          steps: recipe.steps,
          paper: method.paper,
        },
      })),
    );
  },
});
