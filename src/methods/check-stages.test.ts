import { describe, expect, test } from "vitest";
import { components, tagged } from "../../test/support/skeletons.ts";
import type { Dtype } from "../array/dtype.ts";
import { input } from "../graph/tensor.ts";
import {
  requireBeginning,
  requireModel,
  requireOutputs,
  requireScores,
  requireStages,
  requireTrials,
} from "./check-stages.ts";
import type { Method } from "./method.ts";
import type { PredictionModel } from "./model.ts";
import type { Stage } from "./stage.ts";
import { anyTask, predictionParameters } from "./stages.ts";

const recipe = tagged.recipes["tagged-tiny"];
const [classify, masks, segment] = tagged.stages(recipe, anyTask);

describe("stages are refused, saying which and why,", () => {
  test.each<[string, unknown, RegExp]>([
    ["where there are none", [], /^here: expected stages, a list of at least one, got \[\]/],
    ["where they are not given", undefined, /expected stages, a list of at least one, got none/],
    [
      "of a kind that is none",
      [{ ...classify, kind: "traning" }],
      /here, stage classify: expected kind "training" or "pass", got "traning"/,
    ],
    [
      "that learn from an unknown kind",
      [{ ...classify, learnsFrom: ["masks"] }],
      /expected learnsFrom as a list of mask, .*got \["masks"\]/,
    ],
    ["that write an unknown kind", [{ ...masks, writes: ["masks"] }], /expected writes as a list of mask/],
    [
      "of one name",
      [classify, { ...segment, name: "classify" }],
      /expected names of stages that differ, got "classify" twice/,
    ],
    ["without a name", [{ ...classify, name: undefined }], /expected a name of .* of stage 1, got none/],
    ["with a name that leaves its folder", [{ ...masks, name: "../../escaped" }], /got "\.\.\/\.\.\/escaped"/],
    ["with a name of several folders", [{ ...masks, name: "a/../../x" }], /expected a name of lower-case letters/],
    ["without a loss", [{ ...classify, loss: undefined }], /expected a function loss, got none/],
    ["with room without bounds", [{ ...masks, room: { bytes: () => 1 } }], /expected room with most, .*got \{/],
    ["with photographs", [{ ...classify, photographs: true }], /expected photographs false or none, got true/],
    ["without a visit", [{ ...masks, visit: undefined }], /expected a function visit, got none/],
    [
      "with steps that are no number",
      [{ ...classify, settings: { ...recipe, steps: Number.NaN } }],
      /settings\.steps a whole number from 0, got NaN/,
    ],
  ])("%s", (_, stages, message) => {
    expect(() => requireStages(stages as Stage[], "here")).toThrow(message);
  });
});

describe("a model is refused, saying what is wrong,", () => {
  const semantic = tagged.model(recipe, anyTask);
  const panoptic = components.model(recipe, anyTask);
  test.each<[string, unknown, RegExp]>([
    ["where there is none", undefined, /^here: expected a model of kind "semantic" or "panoptic", got none/],
    ["of another kind", { ...semantic, kind: "instance" }, /got "instance"/],
    ["with a stride of 0", { ...semantic, stride: 0 }, /expected stride, a whole number above 0, got 0/],
    ["with a remainder beyond its stride", { ...semantic, remainder: 4 }, /expected remainder, .* below stride, got 4/],
    ["that averages something else", { ...semantic, averages: "votes" }, /averages as "logits", or none, got "votes"/],
    ["with windows that are none", { ...semantic, windowing: "thirds" }, /windowing as one of smooth, .*got "thirds"/],
    [
      "with photographs of no size",
      { ...semantic, preparation: { shortSide: 0 } },
      /preparation with shortSide, a whole number above 0, or none, got 0/,
    ],
    ["with photographs scaled by text", { ...semantic, preparation: { antialias: "no" } }, /antialias, true or false/],
    ["with a window of one number", { ...semantic, window: 64 }, /window as \[height, width\], or none, got 64/],
    ["without padding", { ...panoptic, padding: undefined }, /expected padding as \[red, green, blue\], got none/],
    ["without segments", { ...panoptic, segments: undefined }, /expected a function segments, got none/],
  ])("%s", (_, model, message) => {
    expect(() => requireModel(model as PredictionModel, "here")).toThrow(message);
  });
});

describe("scores are refused that are not one of each class for each pixel:", () => {
  const scores = (dtype: Dtype, shape: readonly number[]) => input("scores", shape, dtype);
  test.each<[string, unknown, string]>([
    ["other classes", scores("float32", [1, 5, 1, 1]), "got [1, 5, 1, 1] float32. Correct the method."],
    ["no batch", scores("float32", [9, 1, 1]), "got [9, 1, 1] float32."],
    ["numbers of another type", scores("uint8", [1, 9, 1, 1]), "got [1, 9, 1, 1] uint8."],
    ["no tensor", undefined, "got none."],
    ["several tensors by name", { scores: scores("float32", [1, 9, 1, 1]) }, 'got {"scores"'],
  ])("%s", (_, given, message) => {
    const check = () => requireScores(given, [1, 9, 1, 1], "here");
    expect(check).toThrow("here: expected scores of [1, 9, 1, 1] float32, one for each class, got ");
    expect(check).toThrow(message);
  });

  test("those are taken that fit", () => {
    expect(() => requireScores(scores("float32", [1, 9, 1, 1]), [1, 9, 1, 1], "here")).not.toThrow();
  });

  test("a model that looks at its classes alone, and gives too few, is found before it trains", () => {
    const model = { ...tagged.model(recipe, anyTask), scores: () => scores("float32", [1, 5, 64, 64]) };
    const method = { ...tagged, model: () => model } as Method;
    const classes = Array.from({ length: 9 }, (_, index) => ({ name: `${index}`, color: [0, 0, 0] as const }));
    expect(() => predictionParameters({ method, recipe }, { classes, frequencies: [] }, [64, 64])).toThrow(
      "method tagged: expected scores of [1, 9, 64, 64] float32, one for each class, got [1, 5, 64, 64] float32.",
    );
  });
});

describe("what a stage begins with and is judged by is refused where it is not whole:", () => {
  const trial = { name: "t", images: 1, prepare: () => null, outputs: () => ({}) };
  test.each<[string, () => void, string]>([
    [
      "no beginning",
      () => requireBeginning(undefined as never, "here"),
      "here: expected weights and notes of begin, got none.",
    ],
    [
      "a beginning without notes",
      () => requireBeginning({ weights: {} } as never, "here"),
      "expected notes of begin, a list of lines, got none",
    ],
    [
      "a beginning without weights",
      () => requireBeginning({ notes: [] } as never, "here"),
      "here: weights of begin: expected arrays by name",
    ],
    [
      "kept weights that are none",
      () => requireBeginning({ weights: {}, notes: [], kept: { a: 1 } } as never, "here"),
      "here: kept of begin: a: expected an array",
    ],
    [
      "a trial without a name",
      () => requireTrials([trial, { ...trial, name: "" }] as never, "here: views"),
      'here: views 2: expected a name, got ""',
    ],
    [
      "a trial of no images",
      () => requireTrials([{ ...trial, images: 0 }] as never, "here"),
      "here 1: expected images, a whole number above 0, got 0",
    ],
    [
      "a trial without outputs",
      () => requireTrials([{ ...trial, outputs: undefined }] as never, "here"),
      "expected a function outputs, got none",
    ],
    ["trials that are no list", () => requireTrials(trial as never, "here"), "here: expected a list, got {"],
    [
      "a stage with such trials",
      () => requireStages([{ ...classify, trials: [{}] } as never], "here"),
      "here, stage classify: trials 1: expected a name",
    ],
  ])("%s", (_, check, message) => {
    expect(check).toThrow(message);
    expect(check).toThrow(/Correct the method\.$/);
  });

  test("and taken where it is", () => {
    expect(() => requireBeginning({ weights: {}, notes: [] }, "here")).not.toThrow();
    expect(() => requireTrials([trial], "here")).not.toThrow();
  });
});

test("outputs are refused where there are none", () => {
  for (const outputs of [undefined, {}, [], { a: 1 }]) {
    expect(() => requireOutputs(outputs, "here")).toThrow(
      "here: expected outputs of a graph by name, at least one, got",
    );
  }
});
