import { describe, expect, test } from "vitest";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { distinctColors } from "../../image/palette.ts";
import type { Task } from "../method.ts";
import { stagesOf, trainingModel } from "../stages.ts";
import { gss } from "./index.ts";
import { encodedImage } from "./network.ts";
import type { GssRecipe } from "./recipe.ts";

const task: Task = {
  classes: distinctColors(3).map((color, i) => ({ name: `class ${i}`, color })),
  frequencies: [],
};
const tiny = gss.recipes["gss-tiny"];
const recipeOf = (changes: Partial<GssRecipe> = {}): GssRecipe => ({ ...tiny, ...changes });
const stagesFor = (changes: Partial<GssRecipe>) => stagesOf({ method: gss, recipe: recipeOf(changes) }, task);

describe("the stages of a variant", () => {
  test.each<[Partial<GssRecipe>, string[]]>([
    [{}, ["tokenizer", "prior"]],
    [{ tokenizerSteps: 0 }, ["prior"]],
    [{ steps: 0 }, ["tokenizer"]],
    [{ variant: "FF-R", palette: "random" }, ["tokenizer", "prior"]],
    [{ inverse: "lstsq" }, ["tokenizer", "posterior", "prior"]],
    [{ variant: "FT" }, ["tokenizer", "prior", "inverse"]],
    [{ variant: "FT", inverseSource: "posterior" }, ["tokenizer", "posterior", "prior"]],
    [{ variant: "FT-W" }, ["tokenizer", "prior", "inverse"]],
    [{ variant: "FT-W", tokenizerSteps: 0, steps: 0 }, ["inverse"]],
    [{ variant: "TF" }, ["tokenizer", "posterior", "prior"]],
    [{ variant: "TT" }, ["tokenizer", "posterior", "prior"]],
  ])("%o: %s", (changes, names) => {
    expect(stagesFor(changes).map(({ name }) => name)).toEqual(names);
  });
});

const trained = (changes: Partial<GssRecipe>, name: string) => {
  const stage = stagesFor(changes).find((each) => each.name === name);
  if (stage?.kind !== "training") throw new Error(`no stage ${name}`);
  const { model } = trainingModel(stage);
  return [...new Set(model.trained.map((parameter) => parameter.name.split(".")[0]))];
};

test.each<[Partial<GssRecipe>, string, string[]]>([
  [{}, "tokenizer", ["tokenizer"]],
  [{}, "prior", ["encoder", "head", "auxiliary"]],
  [{ encoderRate: 0 }, "prior", ["head", "auxiliary"]],
  [{ pixelHead: "none" }, "prior", ["encoder", "head"]],
  [{ variant: "TF" }, "posterior", ["palette"]],
  [{ variant: "TT" }, "posterior", ["palette", "inverse"]],
  [{ variant: "FT", inverseSource: "posterior" }, "posterior", ["inverse"]],
  [{ variant: "FT-W" }, "inverse", ["inverse"]],
])("with %o stage %s trains %s alone", (changes, name, parts) => {
  expect(trained(changes, name).sort()).toEqual([...parts].sort());
});

test.each(["TF", "TT"] as const)("colours of %s stay within the cube, and nothing else is cut", (variant) => {
  const stage = stagesFor({ variant }).find(({ name }) => name === "posterior");
  if (stage?.kind !== "training") throw new Error("no stage");
  const { model } = trainingModel(stage);
  const cut = model.trained.filter(({ name, tensor }) => stage.group?.(name, tensor.shape.length).range !== undefined);
  expect(cut.map(({ name }) => [name, stage.group?.(name, 2).range])).toEqual([["palette.colors", [0, 1]]]);
});

describe("stochastic depth of the encoder", () => {
  const swin = { encoder: "swin-tiny", encoderDropPath: 0.2 };
  const drawn = (noises: ReadonlyMap<string, unknown>) => [...noises.keys()].filter((name) => /dropPath$/.test(name));
  const drawnBy = (changes: Partial<GssRecipe>, name: string) => {
    const stage = stagesFor({ ...swin, ...changes }).find((each) => each.name === name);
    if (stage?.kind !== "training") throw new Error(`no stage ${name}`);
    return drawn(trainingModel(stage).model.noises);
  };

  test("draws for both branches of all twelve blocks but the first while the prior trains", () => {
    const names = drawnBy({}, "prior");
    expect(names).toHaveLength(22);
    expect(names.every((name) => name.startsWith("encoder."))).toBe(true);
    expect(drawnBy({ encoderDropPath: 0 }, "prior")).toEqual([]);
  });

  test("is off behind the prior, where the encoder rests, and in prediction", () => {
    expect(drawnBy({ variant: "FT-W" }, "inverse")).toEqual([]);
    expect(drawnBy({ encoderRate: 0 }, "prior")).toEqual([]);
    const model = new Model();
    const predictor = gss.model(recipeOf(swin), task);
    if (predictor.kind === "semantic") predictor.scores(model.scope, input("image", [1, 64, 64, 3], "uint8"));
    expect(model.noises.size).toBe(0);
  });

  test("is that of the released recipes of Swin-L alone, and refused of encoders without", () => {
    for (const [name, recipe] of Object.entries(gss.recipes)) {
      expect([name, recipe.encoderDropPath]).toEqual([name, name.includes("swin-large") ? 0.3 : 0]);
    }
    expect(() => gss.validate(recipeOf({ encoderDropPath: 0.1 }))).toThrow(
      "encoderDropPath must be 0 for mobilenet-v2, which has no stochastic depth, got 0.1. Set it to 0.",
    );
  });
});

test("behind the prior its head sees the statistics of batches and keeps them, its backbone does not", () => {
  const stage = stagesFor({ variant: "FT-W" }).find(({ name }) => name === "inverse");
  if (stage?.kind !== "training") throw new Error("no stage");
  const updated = [...trainingModel(stage).model.updates.keys()];
  expect(updated.some((name) => name.startsWith("head."))).toBe(true);
  expect(updated.some((name) => name.startsWith("encoder."))).toBe(false);
});

test("what a stage has no use for waits, what is of other classes starts anew, and other methods give an encoder", () => {
  const [tokenizer, prior] = stagesFor({});
  if (tokenizer.kind !== "training" || prior.kind !== "training") throw new Error("no stages");
  const weights = Object.fromEntries(
    [...trainingModel(prior).model.parameters.values()].map(({ name, tensor: { dtype, shape } }) => [
      name,
      { dtype, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
    ]),
  );
  const from = { weights, stage: "prior", recipe: recipeOf(), source: "run" };
  const before = tokenizer.begin?.(from);
  expect(Object.keys(before?.weights ?? {}).every((name) => name.startsWith("tokenizer."))).toBe(true);
  expect(Object.keys(before?.kept ?? {})).toContain("head.tokens.weight");

  const more = { ...task, classes: [...task.classes, { name: "more", color: [1, 2, 3] as const }] };
  const wider = stagesOf({ method: gss, recipe: recipeOf() }, more)[1].begin?.(from);
  expect(wider?.anew).toEqual(["auxiliary.classes.weight", "auxiliary.classes.bias"]);
  expect(wider?.notes).toEqual(["auxiliary.classes starts anew: run has it in another shape"]);

  const foreign = prior.begin?.({ ...from, recipe: { ...recipeOf(), method: "unet" } });
  expect(Object.keys(foreign?.weights ?? {}).every((name) => name.startsWith("encoder."))).toBe(true);
});

test("a recipe takes its tokenizer and colours from the run that it begins with", () => {
  const before = recipeOf({ codes: 77, palette: "random", paletteSeed: 9, tokenizerWidth: 12 });
  const weights = {
    "tokenizer.encoder.input.bias": { dtype: "float32", shape: [12], data: new Float32Array(12) },
  } as const;
  const adopted = gss.adopt?.(recipeOf(), [{ weights, stage: "tokenizer", recipe: before, source: "tok" }]);
  expect(adopted).toMatchObject({
    codes: 77,
    palette: "random",
    paletteSeed: 9,
    tokenizerWidth: 12,
    tokenizerSteps: 0,
    steps: 2,
  });
  const mending = recipeOf({ variant: "FT-W" });
  expect(gss.adopt?.(mending, [{ weights, stage: "prior", recipe: before, source: "run" }])).toMatchObject({
    steps: 0,
  });
});

test("a magnified photograph has as many levels as any other, its finest among them", () => {
  const levelsOf = (changes: Partial<GssRecipe>) => {
    const model = new Model({ training: true });
    encodedImage(model.scope, input("image", [1, 64, 64, 3], "uint8"), recipeOf(changes));
    return [...model.parameters.keys()].filter((name) => /^head\.level\d\.conv\.weight$/.test(name));
  };
  expect(levelsOf({ magnification: 2, tokenizerGroups: 3, tokenGrid: 2 })).toEqual(levelsOf({}));
  expect(levelsOf({})).toHaveLength(4);
});

describe("what does not go together is refused by name", () => {
  test.each<[Partial<GssRecipe>, string]>([
    [{ variant: "FF-R" }, "palette must be random for FF-R"],
    [{ variant: "FT", inverse: "pinv" }, "inverse must be nearest"],
    [{ tokenizerChannels: "classes", variant: "TF" }, "tokenizerChannels must be colors"],
    [{ tokenGrid: 2 }, "tokenGrid must be one of 8, 4"],
    [{ tokenizerCrop: 36 }, "tokenizerCrop must be a multiple of 8"],
    [{ tokenizerWidth: 10 }, "tokenizerWidth must be a multiple of 4"],
    [{ fusionWidth: 18 }, "fusionWidth must be a multiple of aggregationHeads"],
    [{ palette: "given", paletteColors: [1, 2, 3] }, "paletteColors: expected a list of colours"],
    [{ cropWidth: 70 }, "cropWidth must be a multiple of 32"],
    [{ codes: 1 }, "codes must be a whole number from 2"],
  ])("%o", (changes, message) => {
    expect(() => gss.validate(recipeOf(changes))).toThrow(message);
  });
});
