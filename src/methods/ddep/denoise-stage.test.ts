import { describe, expect, test } from "vitest";
import { cropped, sample, seeds, stagesOf } from "../../../test/support/ddep-stages.ts";
import { freshWeights } from "../../../test/support/weights.ts";
import { float32, item, type Named, type NdArray, scalar, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { withBatchAxis } from "../../evaluation/trial.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import type { Trial } from "../stage.ts";
import { trainingModel } from "../stages.ts";
import type { DdepRecipe } from "./recipe.ts";

describe("while denoising", () => {
  const dropout = 0.1;
  const built = (start: DdepRecipe["start"]) => trainingModel(stagesOf({ start, dropout }).denoise).model;
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
  const prepare = (changes: Partial<DdepRecipe>, seed: number): Named<NdArray> => {
    const stage = stagesOf({ start: "ddep", ...cropped, ...changes }).denoise;
    return stage.prepare(sample, new Random(seed)) as Named<NdArray>;
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
    const stage = stagesOf({ start: "ddep", ...cropped }).denoise;
    const { image } = stage.prepare({ ...sample, labels: {} }, new Random(3)) as Named<NdArray>;
    expect([stage.learnsFrom, image]).toEqual([[], prepare({}, 3).image]);
  });
});

describe("the trial of denoising", () => {
  const trialOf = (changes: Partial<DdepRecipe> = {}): Trial =>
    stagesOf({ start: "ddep", ...changes }).denoise.trials![0];
  const trial = trialOf();
  const prepared = (seed: number, of = trial) => of.prepare(sample, new Random("trial", seed))!;

  /** What a network whose head gives nothing but 0 is judged by. */
  async function judge(changes: Partial<DdepRecipe>): Promise<Named<NdArray>> {
    const changed = trialOf(changes);
    const feeds = withBatchAxis(prepared(0, changed));
    const model = new Model();
    const batch = Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, shape, dtype)] as const);
    const outputs = changed.outputs(model.scope, Object.fromEntries(batch));
    const weights = freshWeights(model);
    for (const kind of ["weight", "bias"]) {
      const name = `head.${kind}`;
      weights[name] = float32(weights[name].shape, new Float32Array(sizeOf(weights[name].shape)));
    }
    return evaluate(outputs, { ...weights, ...feeds });
  }

  test("is the same at every time", () => {
    expect(prepared(0)).toEqual(prepared(0));
    expect(prepared(1)).not.toEqual(prepared(0));
  });

  test("shows the noisy image where no noise is predicted, at the brightness of the clean one", async () => {
    const result = await judge({ noiseTarget: "noise", noiseForm: "scaled" });
    expect(result.denoised).toEqual(result.noisy);
    expect(item(result.denoisedOff)).toBe(item(result.noisyOff));
    // Noise of 0.22, some of it beyond black and white.
    expect(Math.sqrt(item(result.noisyOff))).toBeGreaterThan(0.12);
    expect(Math.sqrt(item(result.noisyOff))).toBeLessThan(0.23);
    const noise = toNumbers(prepared(0).epsilon);
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
    const [restored, noisy] = trial.scores!(results);
    expect([restored.name, restored.unit, noisy.name]).toEqual(["PSNR", "dB", "PSNR of the noisy image"]);
    expect(restored.value).toBeCloseTo((20 + 40) / 2, 4);
    expect(noisy.value).toBeCloseTo(0, 4);
    expect(trial.scores!([{ denoisedOff: scalar(0), noisyOff: scalar(0) }])[0].value).toBeLessThan(200);
  });

  test("draws clean, noisy and restored image as bytes", () => {
    const [black, grey, white] = [-1, 0, 1].map((value) => float32([1, 3, 1, 2], new Float32Array(6).fill(value)));
    const colored = float32([1, 3, 1, 2], [-1, 1, 0, 0, 1, -1]);
    const offs = { noisyOff: scalar(0.04), denoisedOff: scalar(0.004) };
    const pictures = trial.pictures!({ clean: colored, noisy: black, denoised: white, ...offs }, sample);
    expect(pictures.map(({ name, caption, changes }) => [name, caption, changes])).toEqual([
      ["clean", "", false],
      ["noisy", "20.0 dB", false],
      ["denoised", "30.0 dB", true],
    ]);
    expect([...pictures[0].image.data]).toEqual([0, 128, 255, 255, 128, 0]);
    expect([pictures[1].image.data[0], pictures[2].image.data[0]]).toEqual([0, 255]);
    expect(trial.pictures!({ clean: grey, noisy: grey, denoised: grey, ...offs }, sample)[0].image).toMatchObject({
      width: 2,
      height: 1,
    });
  });
});
