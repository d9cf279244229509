import type { LabelKind } from "../data/sample.ts";
import { InputError, UsageError } from "../errors.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import type { Size } from "../training/estimate.ts";
import { command } from "./command.ts";
import { engineFor, engineOptions } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import type { Terminal } from "./terminal.ts";

/** Of a data set of so many classes, more or fewer change little; the others are what recipes for one data set ask for. */
const usualClasses = [20, 19, 150, 194];

/** Null where it depends on the classes, such as those of a palette of its own. */
async function sizeFor(resolved: ResolvedRecipe): Promise<Size | null> {
  const { sizeOfRecipe } = await import("../training/estimate.ts");
  for (const length of usualClasses) {
    const classes = Array.from({ length }, (_, k) => ({ name: `class ${k}`, color: [k, k, k] as const }));
    try {
      return sizeOfRecipe(resolved, classes);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return null;
}

function sizeText({ parameters, bytes }: Size): string {
  return `${count(parameters / 1e6, 3)} million parameters, a step takes ${count(bytes / 1e9)} GB of memory or more`;
}

function count(value: number, digits = 2): string {
  return value.toLocaleString("en", { maximumSignificantDigits: digits });
}

/** What a recipe learns from and costs, a line each. */
async function costOf(
  resolved: ResolvedRecipe,
  labels: readonly LabelKind[],
  options: Parameters<typeof engineFor>[0] & { readonly time: boolean },
  terminal: Terminal,
): Promise<string[]> {
  const [{ timeRecipe }, { kindsText }, { duration }] = await Promise.all([
    import("../training/estimate.ts"),
    import("../data/labels.ts"),
    import("./terminal.ts"),
  ]);
  const { name } = resolved.recipe;
  const learns = `${name} learns from ${kindsText(labels)}`;
  const size = await sizeFor(resolved);
  const lines = [`${learns}; ${size === null ? "what it costs depends on the classes" : sizeText(size)}`];
  if (!options.time) return lines;
  const engine = await engineFor(options);
  try {
    for (const { stage, steps, step } of await timeRecipe(resolved, engine, terminal.signal)) {
      if (steps === 0) continue;
      const told =
        step === null
          ? "not timed: it learns from what a pass makes"
          : `${steps.toLocaleString("en")} steps of ${count(step)} s: about ${duration(steps * step)}, and the time of scoring`;
      lines.push(`stage ${stage}: ${told}`);
    }
  } finally {
    await engine.close();
  }
  return lines;
}

export const recipesCommand = command({
  name: "recipes",
  summary: "list the recipes, or print one in full",
  positionals: [{ name: "NAME", help: "a recipe", count: "optional" }],
  options: {
    ...methodOptions,
    set: { kind: "list", placeholder: "KEY=VALUE", help: "change a value, as tessera train would; may be repeated" },
    size: { kind: "flag", help: "of all: parameters and memory as well, which takes some seconds" },
    time: { kind: "flag", help: "of one recipe: how long it takes here, by a few steps on drawn scenes" },
    ...engineOptions,
  },
  examples: [
    ["tessera recipes", "lists all"],
    ["tessera recipes --size", "and how large they are, and what memory a step takes"],
    ["tessera recipes transunet-small", "every value of one: what runs is what is printed"],
    ["tessera recipes unet-mobilenet --time", "and how long it takes on this machine"],
    ["tessera recipes transunet-small --set steps=2000 --json", "as JSON, with a change"],
  ],
  async run({ positionals: [name], options }, terminal) {
    const { set, method: files, time, size } = options;
    if (time && name === undefined) throw new UsageError("recipes: --time is of one recipe. Name it.");
    const [{ nodePlatform }, { methods: ours }, { stagesOf, sourcesOf }] = await Promise.all([
      import("../platform/node.ts"),
      import("../methods/index.ts"),
      import("../methods/stages.ts"),
    ]);
    const methods = (await methodsWith(nodePlatform, files)) ?? ours;
    const { kindsText } = await import("../data/labels.ts");
    const { applySetting, resolveRecipe } = await import("../methods/resolve-recipe.ts");
    if (name !== undefined) {
      const resolved = resolveRecipe(name, set, methods);
      const { recipe } = resolved;
      const width = Math.max(...Object.keys(recipe).map((key) => key.length));
      const lines = Object.entries(recipe).map(([key, value]) => {
        const text = Array.isArray(value) ? value.join(", ") || "none" : String(value);
        return `${key.padEnd(width)}  ${text}`;
      });
      terminal.print(lines.join("\n"));
      for (const line of await costOf(resolved, sourcesOf(resolved).labels, options, terminal)) terminal.note(line);
      terminal.result(recipe);
      return;
    }
    const all = methods.flatMap((method) => Object.values(method.recipes).map((recipe) => ({ method, recipe })));
    const width = Math.max(...all.map(({ recipe }) => recipe.name.length));
    const sizes = new Map<string, Size | null>();
    for (const { method, recipe } of all) {
      const changed = set.reduce(applySetting, recipe);
      const crop = `${changed.cropHeight}x${changed.cropWidth}`;
      const resolved = { method, recipe: changed };
      const from = kindsText(sourcesOf(resolved).labels);
      const each = stagesOf(resolved).flatMap((stage) => (stage.kind === "training" ? [stage.settings.steps] : []));
      const steps = each.filter((number) => number > 0).join(" + ") || "0";
      const large = size ? await sizeFor(resolved) : null;
      sizes.set(recipe.name, large);
      const crops = changed.batchSize === 1 ? "1 crop" : `${changed.batchSize} crops`;
      const about = `${steps} steps of ${crops} ${crop}, learns from ${from}`;
      const costs = large === null ? "" : `; ${sizeText(large)}`;
      terminal.print(`${terminal.bold(recipe.name.padEnd(width))}  ${about}${costs}`);
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
          ...sizes.get(recipe.name),
        },
      })),
    );
  },
});
