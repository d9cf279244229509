import { describe, expect, test } from "vitest";
import { checkOp } from "../../../test/support/check.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, item, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input, type Tensor } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { denoising } from "./denoise-stage.ts";
import {
  addNoise,
  denoised,
  denoisingErrors,
  denoisingLoss,
  levelWeights,
  type NoiseSettings,
  sigmaOf,
} from "./noise.ts";
import { type DdepRecipe, recipes } from "./recipe.ts";

const additive: NoiseSettings = { noiseForm: "additive", noiseMeasure: "sigma", noiseTarget: "noise" };
const scaled: NoiseSettings = { ...additive, noiseForm: "scaled" };
const byGamma: NoiseSettings = { ...scaled, noiseMeasure: "gamma" };

/** Two samples of one pixel. */
const shape = [2, 3, 1, 1] as const;
const x = [0.5, -1, 0.25, 1, 0, -0.5];
const epsilon = [1, -2, 0.5, -1, 3, 0];
const sigmas = [0.5, 2];
const gammas = sigmas.map((sigma) => 1 / (1 + sigma ** 2));

/** The result of a function of images, noise and levels. */
async function run(
  build: (x: Tensor, epsilon: Tensor, level: Tensor) => Tensor,
  levels: readonly number[],
): Promise<number[]> {
  const [image, noise, level] = [input("x", shape), input("epsilon", shape), input("level", [2])];
  const feeds = { x: float32(shape, x), epsilon: float32(shape, epsilon), level: float32([2], levels) };
  return toNumbers((await evaluate({ y: build(image, noise, level) }, feeds)).y);
}

function expectNear(got: readonly number[], expected: readonly number[]): void {
  expect(got).toHaveLength(expected.length);
  got.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 5);
  });
}

/** Index of a number's sample. */
const sample = (i: number) => Math.floor(i / 3);

describe("a noisy image is", () => {
  test.each<[string, NoiseSettings, readonly number[], (x: number, e: number, level: number) => number]>([
    ["x + σ·ε, additive", additive, sigmas, (x, e, s) => x + s * e],
    ["(x + σ·ε) / √(1 + σ²), scaled by σ", scaled, sigmas, (x, e, s) => (x + s * e) / Math.sqrt(1 + s * s)],
    ["√γ·x + √(1 − γ)·ε, scaled by γ", byGamma, [0.9, 0.25], (x, e, g) => Math.sqrt(g) * x + Math.sqrt(1 - g) * e],
  ])("%s", async (_, settings, levels, expected) => {
    const got = await run((image, noise, level) => addNoise(image, noise, level, settings), levels);
    expectNear(
      got,
      x.map((value, i) => expected(value, epsilon[i], levels[sample(i)])),
    );
  });
});

test("by γ = 1 / (1 + σ²) it is what it is by σ", async () => {
  const add = (settings: NoiseSettings) => (image: Tensor, noise: Tensor, level: Tensor) =>
    addNoise(image, noise, level, settings);
  expectNear(await run(add(byGamma), gammas), await run(add(scaled), sigmas));
});

describe.each<[string, NoiseSettings, readonly number[]]>([
  ["additive", additive, sigmas],
  ["scaled by σ", scaled, sigmas],
  ["scaled by γ", byGamma, gammas],
])("%s", (_, settings, levels) => {
  test("the noise taken away again leaves the image", async () => {
    const there = (image: Tensor, noise: Tensor, level: Tensor) =>
      denoised(addNoise(image, noise, level, settings), noise, level, settings);
    expectNear(await run(there, levels), x);
  });

  test("a predicted image is the image", async () => {
    const image = { ...settings, noiseTarget: "image" } as const;
    const taken = (x: Tensor, noise: Tensor, level: Tensor) => denoised(noise, x, level, image);
    expectNear(await run(taken, levels), x);
  });

  test("its σ is the one that was meant", async () => {
    expectNear(await run((_x, _e, level) => sigmaOf(level, settings), levels), sigmas);
  });

  test("weights of levels are 1 / σ², or none", async () => {
    const weights = (kind: DdepRecipe["levelWeights"]) => (level: Tensor) =>
      levelWeights(level, { ...settings, levelWeights: kind });
    expectNear(await run((_x, _e, level) => weights("snr")(level)!, levels), [4, 0.25]);
    expect(weights("uniform")(input("level", [2]))).toBeNull();
  });
});

describe("the error of a sample", () => {
  // Differences 0, ½ and −2 of the first sample; the second is perfect.
  const target = float32(shape, x);
  const prediction = float32(shape, [0.5, -0.5, -1.75, 1, 0, -0.5]);
  test.each<[DdepRecipe["noiseLoss"], number]>([
    ["l2", (0.25 + 4) / 3],
    ["l1", (0.5 + 2) / 3],
    ["huber", (0.125 + 1.5) / 3],
  ])("%s is a mean over its pixels, 0 where they are right", async (kind, expected) => {
    const errors = denoisingErrors(input("prediction", shape), input("target", shape), kind);
    const got = await evaluate({ errors }, { prediction, target });
    expectNear(toNumbers(got.errors), [expected, 0]);
  });

  test.each<[string, NdArray | null, number]>([
    ["without weights", null, 2],
    ["with weights, which are not normalized", float32([2], [4, 0.25]), (4 * 1 + 0.25 * 3) / 2],
  ])("counts in the mean over the samples, %s", async (_, weights, expected) => {
    const loss = denoisingLoss(input("errors", [2]), weights && input("weights", [2]));
    const feeds = { errors: float32([2], [1, 3]), ...(weights && { weights }) };
    expect(item((await evaluate({ loss }, feeds)).loss)).toBeCloseTo(expected, 6);
  });

  // Far enough from the kinks of l1 (0) and of the smooth L1 (±1) for a difference to be taken.
  const away = float32([2, 3, 1, 1], [0.5, -0.3, 1.7, -2.2, 0.8, -0.6]);
  for (const kind of ["l2", "l1", "huber"] as const) {
    checkOp(
      kind,
      (prediction: Tensor, target: Tensor) => denoisingErrors(prediction, target, kind),
      [{ inputs: [away, float32(away.shape, new Float32Array(6))], differentiable: [0], dtype: "float32" }],
      { second: false },
    );
  }
});

describe("the network does not see an image's scale", () => {
  const sizes = [2, 3, 32, 32] as const;
  const draw = (name: string) => float32(sizes, new Random(name).fillNormal(new Float32Array(sizeOf(sizes))));

  async function predict(noiseForm: DdepRecipe["noiseForm"], sigma: number): Promise<number[]> {
    const model = new Model();
    const recipe = { ...recipes["ddep-tiny"], noiseForm };
    const [clean, noise, level] = [input("x", sizes), input("epsilon", sizes), input("level", [2])];
    const { prediction } = denoising(model.scope, clean, noise, level, recipe);
    const feeds = { x: draw("x"), epsilon: draw("epsilon"), level: float32([2], [sigma, 1.5]) };
    return toNumbers((await evaluate({ prediction }, { ...movedWeights(model), ...feeds })).prediction);
  }

  test("so additive and scaled noise of one σ give the same prediction, and another σ another", async () => {
    const additive = await predict("additive", 0.22);
    const scaled = await predict("scaled", 0.22);
    const louder = await predict("additive", 0.5);
    const largest = Math.max(...additive.map(Math.abs));
    const off = (other: readonly number[]) => Math.max(...additive.map((value, i) => Math.abs(value - other[i])));
    expect(off(scaled)).toBeLessThan(1e-5 * largest);
    expect(off(louder)).toBeGreaterThan(1e-2 * largest);
  });
});
