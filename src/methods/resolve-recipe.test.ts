import { describe, expect, test } from "vitest";
import { tagged } from "../../test/support/skeletons.ts";
import { methods } from "./index.ts";
import type { Method } from "./method.ts";
import { differences, recipeFrom, resolveRecipe, withSteps } from "./resolve-recipe.ts";
import type { Stage } from "./stage.ts";
import { stagesOf } from "./stages.ts";

test("settings change single values, read as the type they have", () => {
  const { recipe } = resolveRecipe("transunet-tiny", [
    "learningRate=5e-4",
    "nesterov=true",
    "schedule=poly",
    "scheduleMilestones=0.5,0.75",
  ]);
  expect(recipe).toMatchObject({
    learningRate: 5e-4,
    nesterov: true,
    schedule: "poly",
    scheduleMilestones: [0.5, 0.75],
  });
});

test("the last of two settings of one key counts", () => {
  expect(resolveRecipe("transunet-tiny", ["steps=5", "steps=7"]).recipe.steps).toBe(7);
});

test("every listed recipe is complete and valid", () => {
  for (const method of methods) {
    for (const [name, recipe] of Object.entries(method.recipes)) {
      expect(resolveRecipe(name).recipe).toEqual(recipe);
      expect(recipe).toMatchObject({ name, method: method.name });
    }
  }
});

test.each(["transunet-small", "ddep-small", "ddep-mobilenet"])(
  "%s written to a file and read again is the same, under a name of its own, too",
  (name) => {
    const { recipe } = resolveRecipe(name);
    for (const written of [recipe, { ...recipe, name: "mine" }]) {
      expect(recipeFrom(JSON.parse(JSON.stringify(written)), "recipe.json").recipe).toEqual(written);
    }
  },
);

describe("what is wrong with a setting is said in one line", () => {
  test.each<[string, RegExp]>([
    ["learningrate=1", /unknown key "learningrate"\. Did you mean learningRate\?/],
    ["qqqqqqqqqqqqqqqqqqqq=1", /unknown key .* Known: /],
    ["steps", /key=value, got "steps"/],
    ["=5", /key=value/],
    ["steps=", /steps must be a number, got ""/],
    ["steps=many", /steps must be a number, got "many"/],
    ["steps=0", /steps must be at least 1 where no other stage has any/],
    ["steps=1.5", /steps must be a whole number/],
    ["steps=Infinity", /steps must be a number/],
    ["learningRate=0", /learningRate must be a number above 0/],
    ["learningRate=-1", /learningRate must be a number above 0/],
    ["flipProbability=2", /flipProbability must be a number from 0 to 1/],
    ["nesterov=yes", /nesterov must be true or false/],
    ["scheduleMilestones=0.5,x", /numbers with commas/],
    ["scheduleMilestones=x,y", /scheduleMilestones must be/],
    ["scheduleMilestones=0.75,0.5", /scheduleMilestones must be shares .* ascending order, got \[0\.75, 0\.5\]/],
    ["beta1=1", /beta1 must be a number from 0 to 0\.999999/],
    ["batchSize=1e15", /batchSize must be a whole number from 1 to 1000000/],
    ["mlpWidth=1e9", /mlpWidth must be a whole number from 1 to 65536, got 1000000000\. 3072 is as published/],
    ["layers=100000", /layers must be a whole number from 0 to 256/],
    ["optimizer=adamv", /optimizer must be one of .* got adamv\. Did you mean adam/],
    ["scaleMin=3", /scaleMin must be at most scaleMax/],
    ["name=other", /name cannot be set/],
    ["__proto__=1", /unknown key/],
  ])("%s", (setting, message) => {
    expect(() => resolveRecipe("transunet-tiny", [setting])).toThrow(message);
    expect(() => resolveRecipe("transunet-tiny", [setting])).toThrow(/^[^\n]*$/);
  });
});

test("an unknown recipe offers the nearest name", () => {
  expect(() => resolveRecipe("transunet-smal")).toThrow(/Did you mean transunet-small\?/);
});

test.each<[string, unknown, RegExp]>([
  ["nothing", null, /expected a recipe/],
  ["a list", [], /expected a recipe/],
  ["an unknown method", { name: "a", method: "b" }, /method/],
  [
    "a missing key",
    { name: "transunet", method: "transunet" },
    /recipe\.json: expected the key "seed" \(a number\), got none\. Add it, such as "seed": 0\./,
  ],
])("a recipe file with %s is refused", (_, value, message) => {
  expect(() => recipeFrom(value, "recipe.json")).toThrow(message);
});

test.each([
  ["unet-mobilenet", "mapNorms", '"mapNorms": "none"'],
  ["groupvit-scenes", "stemChannels", '"stemChannels": []'],
])("a recipe file of %s of before there was %s is told what it meant then", (name, key, line) => {
  const { [key]: _, ...rest } = { ...resolveRecipe(name).recipe } as Record<string, unknown>;
  expect(() => recipeFrom(rest, "recipe.json")).toThrow(`got none. Add it, such as ${line}.`);
});

test("a recipe file with keys that are not known is refused, naming them and what is known", () => {
  const { recipe } = resolveRecipe("transunet-tiny");
  expect(recipeFrom({ ...recipe }, "recipe.json").recipe).toEqual(recipe);
  const more = JSON.parse(JSON.stringify({ ...recipe, format: 3 }).replace("{", '{"__proto__":1,')) as object;
  expect(() => recipeFrom(more, "run/recipe.json")).toThrow(
    'run/recipe.json: expected the keys that a recipe of transunet (see tessera recipes transunet-tiny) has in version 0.1.0, got "__proto__", "format" besides. Use the version of tessera that wrote the file, or restore it.',
  );
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]));
  expect(() => recipeFrom({ ...recipe, ...many }, "recipe.json")).toThrow(/"key5" and 994 more besides/);
});

test("differences are listed key by key", () => {
  expect(differences({ a: 1, b: [1], c: "x" }, { a: 2, b: [1], d: true })).toEqual([
    "a: 1 → 2",
    'c: "x" → none',
    "d: none → true",
  ]);
});

describe("a number of steps for a recipe whose stages have fields of their own", () => {
  const recipe = tagged.recipes["tagged-tiny"];
  const fields = { steps: "firstSteps", warmupSteps: "firstWarmup" };
  const method: Method = {
    ...tagged,
    recipes: { "tagged-tiny": { ...recipe, firstSteps: 0, firstWarmup: 0 } as typeof recipe },
    stages(settings, task) {
      const { firstSteps, firstWarmup } = settings as unknown as { firstSteps: number; firstWarmup: number };
      const [first, pass, last] = tagged.stages(settings, task);
      const own = { ...settings, steps: firstSteps, warmupSteps: firstWarmup };
      return [{ ...first, settings: own, fields } as Stage, pass, last];
    },
  };
  test("leaves a stage without steps without", () => {
    const longer = withSteps(resolveRecipe("tagged-tiny", [], [method]), 40);
    expect(longer.recipe).toMatchObject({ steps: 40, firstSteps: 0, firstWarmup: 0 });
    expect(stagesOf(longer).map((stage) => (stage.kind === "training" ? stage.settings.steps : "pass"))).toEqual([
      0,
      "pass",
      40,
    ]);
  });

  test("shares them by the stages' own", () => {
    const longer = withSteps(resolveRecipe("tagged-tiny", ["firstSteps=4"], [method]), 40);
    expect(longer.recipe).toMatchObject({ steps: 30, firstSteps: 10 });
  });

  test("refuses fields of its own that are not finite, and another method", () => {
    const changed = (changes: object) => ({ ...method, recipes: { "tagged-tiny": { ...recipe, ...changes } } });
    expect(() => resolveRecipe("tagged-tiny", [], [changed({ firstSteps: Number.NaN }) as Method])).toThrow(
      "recipe tagged-tiny: firstSteps must be a finite number",
    );
    expect(() => resolveRecipe("tagged-tiny", [], [changed({ method: "other" }) as Method])).toThrow(
      'recipe tagged-tiny: method must be tagged, got "other".',
    );
  });
});
