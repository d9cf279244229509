import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { InputError, UsageError } from "../../errors.ts";
import type { Task } from "../method.ts";
import type { Beginning, Trained, TrainingStage } from "../stage.ts";
import { beginningOf, partsStartingAnew, trainingModel } from "../stages.ts";
import { foldCondition } from "./conditioning.ts";
import { meanSigma } from "./finetune-stage.ts";
import { ddep } from "./index.ts";
import { type DdepRecipe, type DdepTransUNetRecipe, recipes } from "./recipe.ts";

const tiny: DdepRecipe = { ...recipes["ddep-tiny"], start: "ddep" };

function taskOf(count: number): Task {
  return { classes: Array.from({ length: count }, (_, k) => ({ name: `${k}`, color: [0, 0, 0] })), frequencies: [] };
}

/** A stage of a recipe. */
function stageOf(name: string, recipe: DdepRecipe, classes = 3): TrainingStage {
  const found = ddep.stages(recipe, taskOf(classes)).find((stage) => stage.name === name);
  if (found?.kind !== "training") throw new Error(`no stage ${name} with start ${recipe.start}`);
  return found;
}

/** What a stage leaves behind: weights that are nobody's first ones. */
function left(name: string, recipe: DdepRecipe, classes = 3): Trained {
  const stage = stageOf(name, recipe, classes);
  const weights = movedWeights(trainingModel(stage).model, name);
  return { weights, stage: name, recipe: stage.settings, source: "before" };
}

/** What a stage takes over, and which parts start anew; that it fits is checked as training checks it. */
function begun(name: string, recipe: DdepRecipe, earlier: Trained, classes = 3): Beginning & { anew: string[] } {
  const stage = stageOf(name, recipe, classes);
  const beginning = beginningOf(stage, [earlier]);
  const anew = partsStartingAnew(trainingModel(stage).model, beginning, earlier.source);
  return { ...beginning, anew };
}

/** Names of the weights that are the earlier ones' very arrays. */
function taken({ weights }: Beginning, earlier: Trained): string[] {
  return Object.keys(weights).filter((name) => weights[name] === earlier.weights[name]);
}

const positions = "encoder.positions";
const conditioned: DdepRecipe = { ...tiny, conditioned: true };
const head = "head";

describe("what starts anew", () => {
  test.each<[string, DdepRecipe["start"], Trained, number, string[]]>([
    ["encoder", "ddep", left("encoder", tiny), 3, ["classifier"]],
    ["encoder", "ddep", left("finetune", tiny), 3, ["classifier"]],
    ["denoise", "ddep", left("encoder", tiny), 3, ["decoder", head]],
    ["denoise", "ddep", left("denoise", tiny), 3, ["decoder", head]],
    ["denoise", "ddep", left("finetune", tiny), 3, ["decoder", head]],
    ["finetune", "supervised", left("encoder", tiny), 3, ["decoder", head]],
    ["finetune", "supervised", left("denoise", tiny), 3, ["decoder", head]],
    ["finetune", "supervised", left("finetune", { ...tiny, start: "supervised" }), 3, []],
    ["finetune", "none", left("finetune", { ...tiny, start: "none" }), 3, []],
    ["finetune", "dep", left("denoise", { ...tiny, start: "dep" }), 3, [head]],
    ["finetune", "ddep", left("denoise", tiny), 3, [head]],
    ["finetune", "ddep", left("denoise", tiny), 5, [head]],
    ["finetune", "ddep", left("denoise", conditioned), 3, [head]],
    ["finetune", "ddep", left("finetune", tiny), 3, []],
    ["finetune", "ddep", left("finetune", tiny, 4), 3, [head]],
  ])("%s of start %s (case %#)", (name, start, earlier, classes, expected) => {
    const { anew, weights } = begun(name, { ...tiny, start }, earlier, classes);
    expect(anew).toEqual(expected);
    expect(Object.keys(weights).some((each) => expected.includes(each.split(".")[0]))).toBe(false);
  });
});

test("what was never denoised is no start for fine-tuning as ddep or dep", () => {
  const encoder = left("encoder", tiny);
  for (const start of ["ddep", "dep"] as const) {
    for (const stage of ["encoder", "train"]) {
      expect(() => begun("finetune", { ...tiny, start }, { ...encoder, stage })).toThrow(
        `before: expected a network pretrained by denoising for start ${start}, got one of stage ${stage}.`,
      );
    }
  }
});

test("fine-tuning keeps what the decoder's batch norms ran up, and drops the three-channel head", () => {
  const earlier = left("denoise", tiny);
  const { weights } = begun("finetune", tiny, earlier);
  const names = Object.keys(earlier.weights).filter((name) => !name.startsWith(head) && name !== positions);
  expect(taken({ weights, notes: [] }, earlier)).toEqual(names);
  expect(names.filter((name) => /running_(mean|var)$/.test(name))).toHaveLength(18);
});

test("another head's number of outputs is said", () => {
  const { notes } = begun("finetune", tiny, left("finetune", tiny, 4));
  expect(notes).toEqual([`${head}: 4 outputs in before, 3 wanted: it starts anew`]);
});

describe("position embeddings", () => {
  test("are resized for rectangles, rows and columns apart", () => {
    const earlier = left("denoise", tiny); // 2 × 3 tokens, of 32 × 48 pixels
    const width = tiny.tokenWidth;
    // Plane 0 holds the row, plane 1 the column, each from 0 to 1.
    const table = new Float32Array(6 * width);
    for (let i = 0; i < 6; i++) [table[i * width], table[i * width + 1]] = [Math.floor(i / 3), (i % 3) / 2];
    const weights: Record<string, NdArray> = { ...earlier.weights, [positions]: float32([1, 6, width], table) };
    const square = begun("finetune", tiny, { ...earlier, weights });
    expect(square.notes).toEqual(["position embeddings: 2 × 3 tokens resized to 4 × 4"]);
    const got = square.weights[positions];
    expect(got.shape).toEqual([1, 16, width]);
    for (let i = 0; i < 16; i++) {
      expect(Number(got.data[i * width])).toBeCloseTo(Math.floor(i / 4) / 3, 6);
      expect(Number(got.data[i * width + 1])).toBeCloseTo((i % 4) / 3, 6);
    }
  });

  test("stay as they are where the grid does", () => {
    const recipe: DdepRecipe = { ...tiny, denoiseCropHeight: 64, denoiseCropWidth: 64 };
    const earlier = left("denoise", recipe);
    const { weights, notes } = begun("finetune", recipe, earlier);
    expect(weights[positions]).toBe(earlier.weights[positions]);
    expect(notes).toEqual([]);
  });
});

describe("a decoder that was told the level", () => {
  test.each<[string, Partial<DdepRecipe>, number]>([
    ["a fixed σ", { noiseLevelMin: 0.22, noiseLevelMax: 0.22 }, 0.22],
    ["σ from 0.2 to 0.3", { noiseLevelMin: 0.2, noiseLevelMax: 0.3 }, 0.25],
    [
      "γ from 0.7 to 0.9",
      { noiseMeasure: "gamma", noiseForm: "scaled", noiseLevelMin: 0.7, noiseLevelMax: 0.9 },
      Math.sqrt(1 / 0.8 - 1),
    ],
  ])("is folded at the mean of %s", (_, levels, sigma) => {
    const recipe = { ...conditioned, ...levels };
    expect(meanSigma(recipe)).toBeCloseTo(sigma, 12);
    const earlier = left("denoise", recipe);
    // What the recipe of the fine-tuning says of levels is of no account.
    const { weights, notes } = begun("finetune", tiny, earlier);
    const folded = foldCondition(earlier.weights, sigma);
    for (const name of Object.keys(folded).filter((each) => each.startsWith("decoder.")))
      expect(toNumbers(weights[name])).toEqual(toNumbers(folded[name]));
    expect(toNumbers(weights["decoder.entry.norm.weight"])).not.toEqual(
      toNumbers(earlier.weights["decoder.entry.norm.weight"]),
    );
    expect(Object.keys(weights).some((name) => name.startsWith("condition."))).toBe(false);
    expect(notes.at(-1)).toBe(`conditioning on the level folded away at sigma ${sigma.toPrecision(3)}`);
  });

  test("is not folded where the decoder starts anew", () => {
    const { notes, weights } = begun("finetune", { ...tiny, start: "supervised" }, left("denoise", conditioned));
    expect(notes.filter((note) => note.includes("folded"))).toEqual([]);
    expect(Object.keys(weights).every((name) => name.startsWith("encoder."))).toBe(true);
  });
});

describe("weights that would compute something else are refused", () => {
  test.each<[Partial<DdepRecipe>, string]>([
    [
      { encoderConvention: "transunet" },
      "before: expected an encoder trained with encoderConvention jax, as the recipe has it, got transunet. Add --set encoderConvention=transunet.",
    ],
    [{ normGroups: 2 }, "normGroups 4, as the recipe has it, got 2"],
    [{ heads: 4 }, "heads 2, as the recipe has it, got 4"],
    [{ layers: 2 }, "got encoder.layer2."],
    [{ layers: 0 }, "expected all weights of encoder, got none called encoder.layer1."],
    [{ tokenWidth: 64 }, "expected encoder.patches.weight of shape [32, 128, 1, 1], got [64"],
    [{ widthMultiplier: 2 }, "expected decoder.entry.conv.weight of shape [32, 32, 3, 3], got [64, 32, 3, 3]"],
  ])("%o", (change, message) => {
    const refused = () => begun("finetune", tiny, left("denoise", { ...tiny, ...change }));
    expect(refused).toThrow(message);
    expect(refused).toThrow(InputError);
  });
});

describe("going on from weights that were trained before", () => {
  const from = (stage: string, names: string[], start: DdepRecipe["start"] = "ddep"): Trained => ({
    ...{ stage, recipe: { ...tiny, start } as DdepRecipe, source: "before" },
    weights: Object.fromEntries(names.map((name) => [name, float32([1], [0])])),
  });
  const encoder = from("encoder", ["encoder.a", "classifier.weight"]);
  const denoised = from("denoise", ["encoder.a", "decoder.a", "head.a"]);
  const all = ["encoder.a", "decoder.a", "head.a"];
  const whole = from("train", all);

  test.each<[string, DdepRecipe["start"], Trained, string[]]>([
    ["an encoder", "supervised", encoder, ["finetune"]],
    ["an encoder", "ddep", encoder, ["denoise", "finetune"]],
    ["a denoised network", "ddep", denoised, ["finetune"]],
    ["a network denoised as dep", "dep", from("denoise", all, "dep"), ["finetune"]],
    ["a denoised network", "supervised", denoised, ["finetune"]],
    ["a TransUNet", "ddep", whole, ["denoise", "finetune"]],
    ["a TransUNet", "supervised", whole, ["finetune"]],
    ...(["none", "supervised", "dep", "ddep"] as const).map(
      (start): [string, DdepRecipe["start"], Trained, string[]] => [
        `a network fine-tuned as ${start}`,
        start,
        from("finetune", all, start),
        ["finetune"],
      ],
    ),
  ])("%s, start %s leaves out what they have behind them", (_, start, earlier, stages) => {
    const recipe = ddep.adopt!({ ...tiny, start }, [earlier]);
    expect(ddep.stages(recipe, taskOf(3)).map(({ name }) => name)).toEqual(stages);
    const { encoderSteps, denoiseSteps } = tiny;
    expect(recipe.encoderSteps).toBe(0);
    expect({ ...recipe, encoderSteps, denoiseSteps }).toEqual({ ...tiny, start });
  });

  test("an encoder that was denoised along is no classified one", () => {
    const along = { ...denoised, recipe: { ...tiny, denoiseEncoderRate: 0.2 } as DdepRecipe };
    expect(ddep.adopt!({ ...tiny, start: "ddep" }, [along]).denoiseSteps).toBe(0);
    expect(() => ddep.adopt!({ ...tiny, start: "supervised" }, [along])).toThrow(
      "got those of denoise of ddep with its encoder (before). Add --set start=ddep, or leave --from out.",
    );
  });

  test.each<[string, Partial<DdepTransUNetRecipe>, DdepTransUNetRecipe["encoderConvention"]]>([
    [positions, { encoderConvention: "transunet" }, "transunet"],
    [positions, { encoderConvention: "jax" }, "jax"],
    ["decoder.a", { encoderConvention: "transunet" }, "jax"],
  ])("from %s of %o follows the convention %s", (name, change, expected) => {
    const earlier = { ...from("train", [name]), recipe: { ...tiny, ...change } };
    expect(ddep.adopt!(tiny, [earlier])).toMatchObject({ encoderConvention: expected });
  });

  test.each<[DdepRecipe["start"], Trained, string]>([
    [
      "none",
      encoder,
      "recipe ddep-tiny: expected for start none weights of finetune of none, got those of encoder (before). " +
        "Add --set start=supervised or --set start=ddep, or leave --from out.",
    ],
    ["dep", encoder, "got those of encoder (before). Add --set start=supervised or --set start=ddep"],
    ["dep", whole, "got those of train (before). Add --set start=supervised or --set start=ddep"],
    ["dep", denoised, "got those of denoise of ddep (before). Add --set start=supervised or --set start=ddep"],
    ["ddep", from("denoise", all, "dep"), "got those of denoise of dep (before). Add --set start=dep, or leave"],
    ["supervised", from("denoise", all, "dep"), "got those of denoise of dep (before). Add --set start=dep, or leave"],
    ["ddep", from("finetune", all, "none"), "got those of finetune of none (before). Add --set start=none, or leave"],
    ["ddep", from("cluster", all), "got those of cluster (before). Leave --from out."],
  ])("start %s is refused where its name would be wrong (case %#)", (start, earlier, message) => {
    const refused = () => ddep.adopt!({ ...tiny, start }, [earlier]);
    expect(refused).toThrow(message);
    expect(refused).toThrow(UsageError);
  });
});
