import { describe, expect, test } from "vitest";
import { cropped, sample, seeds, stagesOf, task } from "../../../test/support/ddep-stages.ts";
import { freshWeights } from "../../../test/support/weights.ts";
import { float32, item, type Named, type NdArray, scalar, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { modelOf } from "../stages.ts";
import type { DdepRecipe } from "./recipe.ts";

describe("while denoising", () => {
  const dropout = 0.1;
  const built = (start: DdepRecipe["start"]) => modelOf(stagesOf({ start, dropout }).denoise, task).model;
  const noises = (model: Model) => [...model.noises.keys()];
  const trained = (model: Model) => model.trained.map(({ name }) => name);
  const weights = (model: Model) =>
    [...model.parameters.values()].filter(({ role }) => role === "weight").map(({ name }) => name);

  test("ddep trains decoder and head alone, and the frozen encoder draws no dropout", () => {
    const model = built("ddep");
    expect(trained(model)).toEqual(weights(model).filter((name) => !name.startsWith("encoder.")));
    expect(trained(model).length).toBeGreaterThan(0);
    expect(noises(model)).toEqual(["epsilon"]);
  });

  test("dep trains everything, with dropout", () => {
    const model = built("dep");
    expect(trained(model)).toEqual(weights(model));
    expect(noises(model).filter((name) => name !== "epsilon")).toHaveLength(4);
  });

  test("the network predicts three channels", () => {
    const head = built("ddep").parameters.get("head.weight")!;
    expect(head.tensor.shape[0]).toBe(3);
  });
});

describe("the level of the noise", () => {
  const prepare = (changes: Partial<DdepRecipe>, seed: number) => {
    const { stage, recipe } = stagesOf({ start: "ddep", ...cropped, ...changes }).denoise;
    return stage.prepare(sample, recipe, task, new Random(seed));
  };

  test("is drawn for each sample within its bounds", () => {
    const levels = seeds.map((seed) => item(prepare({}, seed).level));
    expect(Math.min(...levels)).toBeGreaterThanOrEqual(Math.fround(0.2));
    expect(Math.max(...levels)).toBeLessThanOrEqual(Math.fround(0.3));
    expect(new Set(levels).size).toBe(seeds.length);
  });

  test("is fixed where they are equal", () => {
    for (const seed of seeds)
      expect(item(prepare({ noiseLevelMin: 0.22, noiseLevelMax: 0.22 }, seed).level)).toBe(Math.fround(0.22));
  });

  test("does not change the crop", () => {
    expect(prepare({ noiseLevelMin: 0.1, noiseLevelMax: 0.5 }, 3).image).toEqual(prepare({}, 3).image);
  });

  test("needs no labels", () => {
    const { stage, recipe } = stagesOf({ start: "ddep", ...cropped }).denoise;
    const image = stage.prepare({ ...sample, labels: undefined }, recipe, task, new Random(3)).image;
    expect([stage.learnsFrom, image]).toEqual(["images", prepare({}, 3).image]);
  });
});

describe("the trial of denoising", () => {
  const { stage, recipe } = stagesOf({ start: "ddep" }).denoise;
  const trial = stage.trial!;
  const prepared = (of: DdepRecipe, seed: number) => trial.prepare(sample, of, task, new Random("trial", seed))!;

  /** What a network whose head gives nothing but 0 is judged by. */
  async function judge(changes: Partial<DdepRecipe>): Promise<Named<NdArray>> {
    const changed = { ...recipe, ...changes };
    const model = new Model();
    const types = Object.entries(trial.inputs(changed, task));
    const batch = Object.fromEntries(types.map(([name, { dtype, shape }]) => [name, input(name, shape, dtype)]));
    const outputs = trial.outputs(model.scope, batch, changed, task);
    const weights = freshWeights(model);
    for (const kind of ["weight", "bias"]) {
      const name = `head.${kind}`;
      weights[name] = float32(weights[name].shape, new Float32Array(sizeOf(weights[name].shape)));
    }
    const feeds = Object.fromEntries(
      Object.entries(prepared(changed, 0)).map(([name, { dtype, shape, data }]) => [
        name,
        { dtype, shape: [1, ...shape], data },
      ]),
    );
    return evaluate(outputs, { ...weights, ...feeds });
  }

  test("is the same at every time", () => {
    expect(prepared(recipe, 0)).toEqual(prepared(recipe, 0));
    expect(prepared(recipe, 1)).not.toEqual(prepared(recipe, 0));
  });

  test("shows the noisy image where no noise is predicted, at the brightness of the clean one", async () => {
    const result = await judge({ noiseTarget: "noise", noiseForm: "scaled" });
    expect(result.denoised).toEqual(result.noisy);
    expect(item(result.denoisedOff)).toBe(item(result.noisyOff));
    // Noise of 0.22, some of it beyond black and white.
    expect(Math.sqrt(item(result.noisyOff))).toBeGreaterThan(0.12);
    expect(Math.sqrt(item(result.noisyOff))).toBeLessThan(0.23);
    const noise = toNumbers(prepared(recipe, 0).epsilon);
    const power = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    expect(item(result.errors)).toBeCloseTo(power, 4);
  });

  test("is as far off as the image is bright where a black image is predicted", async () => {
    const result = await judge({ noiseTarget: "image", noiseForm: "additive" });
    const clean = toNumbers(result.clean);
    const power = clean.reduce((sum, value) => sum + value * value, 0) / clean.length;
    expect(item(result.denoisedOff)).toBeCloseTo(power, 5);
    expect(item(result.errors)).toBeCloseTo(power, 5);
  });

  test("gives decibels: 10·log₁₀(2² / mean squared error), meant over the images", () => {
    const results = [0.04, 0.0004].map((off) => ({ denoisedOff: scalar(off), noisyOff: scalar(4) }));
    const { PSNR, "PSNR of the noisy image": noisy } = trial.scores(results, task);
    expect(PSNR).toBeCloseTo((20 + 40) / 2, 4);
    expect(noisy).toBeCloseTo(0, 4);
    expect(trial.scores([{ denoisedOff: scalar(0), noisyOff: scalar(0) }], task).PSNR).toBeLessThan(200);
  });

  test("draws clean, noisy and restored image as bytes", () => {
    const [black, grey, white] = [-1, 0, 1].map((value) => float32([1, 3, 1, 2], new Float32Array(6).fill(value)));
    const colored = float32([1, 3, 1, 2], [-1, 1, 0, 0, 1, -1]);
    const offs = { noisyOff: scalar(0.04), denoisedOff: scalar(0.004) };
    const pictures = trial.pictures!({ clean: colored, noisy: black, denoised: white, ...offs });
    expect(pictures.map(({ name, caption, changes }) => [name, caption, changes])).toEqual([
      ["clean", "", false],
      ["noisy", "20.0 dB", false],
      ["denoised", "30.0 dB", true],
    ]);
    expect([...pictures[0].image.data]).toEqual([0, 128, 255, 255, 128, 0]);
    expect([pictures[1].image.data[0], pictures[2].image.data[0]]).toEqual([0, 255]);
    expect(trial.pictures!({ clean: grey, noisy: grey, denoised: grey, ...offs })[0].image).toMatchObject({
      width: 2,
      height: 1,
    });
  });
});
