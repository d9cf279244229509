import { describe, expect, test } from "vitest";
import { float32, fromNumbers, item, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { gradients } from "../../autodiff/gradients.ts";
import { Model } from "../../graph/scope.ts";
import { constant, input } from "../../graph/tensor.ts";
import { mul, sum } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { type DvaeSettings, dvaeNames, mapPixels, publishedDvae, unmapPixels } from "./dvae.ts";
import { annealed, logitLaplaceLoss, readingLoss, uniformDivergence, usageDivergence } from "./dvae-losses.ts";
import { hardChoice } from "./gumbel.ts";
import { decodedInBands, dvaeTokenizer, type MaskTokenizer, tokensOf } from "./tokenizer.ts";
import { vqTokenizer } from "./vq.ts";

const small: DvaeSettings = { channels: 3, codes: 16, width: 4, entryWidth: 4, blocksPerGroup: 2, groups: 4 };

const weightsOf = (model: Model) =>
  Object.fromEntries(
    [...model.parameters.values()].map(({ name, initializer, tensor }) => [
      name,
      initializer(tensor.shape, new Random(1, name)),
    ]),
  );

const tokensFor = (rows: number, columns: number): NdArray =>
  fromNumbers(
    "int32",
    [1, rows, columns],
    Array.from({ length: rows * columns }, (_, i) => (i * 7 + (i >> 3)) % 16),
  );

test("the published one has 53,786,240 and 43,829,766 parameters", () => {
  const model = new Model();
  const tokenizer = dvaeTokenizer(publishedDvae);
  tokenizer.logits(model.scope, input("x", [1, 3, 16, 16]));
  tokenizer.decode(model.scope, input("t", [1, 2, 2], "int32"));
  const count = (half: string) =>
    [...model.parameters.values()]
      .filter(({ name }) => name.startsWith(`${half}.`))
      .reduce((total, { tensor }) => total + tensor.shape.reduce((a, b) => a * b, 1), 0);
  expect([count("encoder"), count("decoder")]).toEqual([53_786_240, 43_829_766]);
});

test("names there and back are the same", () => {
  const model = new Model();
  const tokenizer = dvaeTokenizer(small);
  tokenizer.logits(model.scope, input("x", [1, 3, 16, 16]));
  for (const name of model.parameters.keys()) {
    const inner = name.replace(/^encoder\./, "");
    expect(dvaeNames.ours(dvaeNames.theirs(inner) ?? "")).toBe(inner);
  }
});

test.each([
  ["dVAE", dvaeTokenizer(small)],
  ["VQ", vqTokenizer({ ...small, codeWidth: 5, output: "sigmoid" })],
])("a %s decodes tokens as it does one-hot shares, in its own range and size", async (_, tokenizer: MaskTokenizer) => {
  const model = new Model();
  const scope = model.scope.shared();
  const tokens = input("tokens", [1, 2, 3], "int32");
  const ids = tokensFor(2, 3);
  const shares = new Float32Array(16 * 6);
  toNumbers(ids).forEach((token, i) => {
    shares[token * 6 + i] = 1;
  });
  const picture = tokenizer.decode(scope, tokens);
  const again = tokensOf(tokenizer, scope, picture);
  expect(again.shape).toEqual([1, 2, 3]);
  const found = await evaluate(
    { picture, same: tokenizer.decodeShares(scope, input("shares", [1, 16, 2, 3])) },
    { ...weightsOf(model), tokens: ids, shares: float32([1, 16, 2, 3], shares) },
  );
  expect(found.picture.shape).toEqual([1, 3, 16, 24]);
  const [a, b] = [toNumbers(found.picture), toNumbers(found.same)];
  expect(a.every((value) => value >= 0 && value <= 1)).toBe(true);
  expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)).toBeLessThan(1e-5);
});

test.each<[string, MaskTokenizer, rows: number, most: number, reach: number]>([
  // As many groups and blocks as the published one has: 16 rows of 2 to a token, and 5 on each side.
  ["dVAE", dvaeTokenizer(small), 45, 13, 5],
  ["dVAE of two groups", dvaeTokenizer({ ...small, groups: 2, blocksPerGroup: 1 }), 45, 13, 5],
  ["dVAE of one group", dvaeTokenizer({ ...small, groups: 1 }), 45, 13, 6],
  ["VQ", vqTokenizer({ ...small, blocksPerGroup: 1, codeWidth: 4, output: "softmax" }), 45, 13, 3],
])("a grid that a %s decodes in bands is the grid decoded whole", async (_, tokenizer, rows, most, reach) => {
  const model = new Model();
  const scope = model.scope.shared();
  const tokens = input("tokens", [1, rows, 5], "int32");
  const whole = tokenizer.decode(scope, tokens);
  const bands = decodedInBands(tokenizer, scope, tokens, most * 5);
  expect(tokenizer.halves.reach).toBe(reach);
  const found = await evaluate({ whole, bands }, { ...weightsOf(model), tokens: tokensFor(rows, 5) });
  expect(found.bands.shape).toEqual(found.whole.shape);
  const [a, b] = [toNumbers(found.whole), toNumbers(found.bands)];
  expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)).toBeLessThan(1e-5);
});

test("pixels that are mapped and back are the same", async () => {
  const x = float32([3], [0, 0.4, 1]);
  const found = await evaluate({ y: unmapPixels(mapPixels(input("x", [3]))) }, { x });
  for (const [i, value] of toNumbers(found.y).entries()) expect(value).toBeCloseTo(x.data[i] as number, 6);
});

describe("what a dVAE learns by", () => {
  test("the logit-Laplace loss is −log of the density, worked by hand", async () => {
    const [x, mu, b] = [0.3, 0.5, 0.2];
    const density = Math.exp(-Math.abs(Math.log(x / (1 - x)) - mu) / b) / (2 * b * x * (1 - x));
    const loss = logitLaplaceLoss(input("output", [1, 2, 1, 1]), input("x", [1, 1, 1, 1]), { logScaleMin: -9 });
    const found = await evaluate(
      { loss },
      { output: float32([1, 2, 1, 1], [mu, Math.log(b)]), x: float32([1, 1, 1, 1], [x]) },
    );
    expect(item(found.loss)).toBeCloseTo(-Math.log(density), 4);
  });

  test("a picture is read by its colours: worked by hand, with its gradient; pixels of no colour count nowhere", async () => {
    const colors = [
      [200, 0, 0],
      [0, 200, 0],
      [100, 100, 0],
    ] as const;
    const [picture, truth] = [input("picture", [1, 3, 1, 2]), input("truth", [1, 3, 1, 2])];
    const loss = readingLoss(picture, truth, colors);
    const [slope] = gradients(loss, [picture]);
    // The first pixel is red and given back halfway to green, which is the third colour; the second is none of the colours.
    const feeds = {
      truth: float32([1, 3, 1, 2], [200 / 255, 0.3, 0, 0.3, 0, 0.3]),
      picture: float32([1, 3, 1, 2], [110 / 255, 0.9, 90 / 255, 0.9, 0, 0.9]),
    };
    const lossAt = (red: number) => {
      const logits = colors.map(([r, g]) => -((red - r) ** 2 + (90 - g) ** 2) / 1000);
      return Math.log(logits.reduce((total, each) => total + Math.exp(each), 0)) - logits[0];
    };
    const found = await evaluate({ loss, slope }, feeds);
    expect(item(found.loss)).toBeCloseTo(lossAt(110), 3);
    const [step, slopes] = [0.01, toNumbers(found.slope)];
    expect(slopes[0] / 255).toBeCloseTo((lossAt(110 + step) - lossAt(110 - step)) / (2 * step), 3);
    expect([slopes[1], slopes[3], slopes[5]]).toEqual([0, 0, 0]);
  });

  test("divergences are 0 of even choices and ln V of sure ones", async () => {
    const logits = input("logits", [2, 4, 1, 1]);
    const outputs = { each: uniformDivergence(logits), usage: usageDivergence(logits) };
    const even = await evaluate(outputs, { logits: float32([2, 4, 1, 1], new Float32Array(8)) });
    expect(item(even.each)).toBeCloseTo(0, 5);
    expect(item(even.usage)).toBeCloseTo(0, 5);
    // One picture surely has the first code, the other the second: both are used, half of the time.
    const sure = await evaluate(outputs, { logits: float32([2, 4, 1, 1], [60, 0, 0, 0, 0, 60, 0, 0]) });
    expect(item(sure.each)).toBeCloseTo(Math.log(4), 4);
    expect(item(sure.usage)).toBeCloseTo(Math.log(2), 4);
  });

  test.each([
    [0, 1],
    [0.25, (1 + 1 / 16) / 2],
    [0.5, 1 / 16],
    [0.9, 1 / 16],
  ])("at %f of the training the temperature is %f", async (progress, expected) => {
    const found = await evaluate({ y: annealed(constant(progress), 1, 1 / 16, 0.5) }, {});
    expect(item(found.y)).toBeCloseTo(expected, 5);
  });
});

test("a hard choice is one code a place, and its gradient reaches all logits", async () => {
  const logits = input("logits", [1, 5, 1, 2]);
  const noise = constant(float32([1, 5, 1, 2], [0.1, 2, 0.3, 0.4, 3, 0.2, 0.1, 0.5, 0.2, 0.1]));
  const y = hardChoice(logits, noise, 0.7);
  const weights = constant(float32([1, 5, 1, 1], [1, 2, 3, 4, 5]));
  const [slope] = gradients(sum(mul(y, weights)), [logits]);
  const found = await evaluate({ y, slope }, { logits: float32([1, 5, 1, 2], new Float32Array(10)) });
  const chosen = toNumbers(found.y);
  expect(chosen.filter((value) => value === 1)).toHaveLength(2);
  expect(chosen.filter((value) => value === 0)).toHaveLength(8);
  expect(toNumbers(found.slope).every((value) => value !== 0)).toBe(true);
});
