import { describe, expect, test } from "vitest";
import { checkErrors, checkOp } from "../../test/support/check.ts";
import { float32, fromNumbers, item, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { gradients } from "../autodiff/gradients.ts";
import { constant, input, type Leaf, type Tensor } from "../graph/tensor.ts";
import { add, cast, equal, where } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { crossEntropy, pixelCrossEntropy } from "./cross-entropy.ts";
import { diceLoss } from "./dice.ts";
import { focalLoss } from "./focal.ts";

type Loss = (logits: Tensor, labels: Tensor) => Tensor;

const shape = [2, 3, 2, 2] as const;
const labels = fromNumbers("uint8", [2, 2, 2], [0, 1, 2, 255, 2, 255, 0, 1]);
const classWeights = [0.5, 1, 3];

/** Of each place of both pictures. */
const placeWeights = constant(float32([2, 2, 2], [1, 2, 0.5, 3, 1, 2, 0.5, 3]));

const losses: readonly [name: string, loss: Loss][] = [
  ["cross-entropy", (x, y) => crossEntropy(x, y)],
  ["weighted cross-entropy", (x, y) => crossEntropy(x, y, { classWeights })],
  ["smoothed cross-entropy", (x, y) => crossEntropy(x, y, { labelSmoothing: 0.1 })],
  ["weighted, smoothed cross-entropy", (x, y) => crossEntropy(x, y, { labelSmoothing: 0.1, classWeights })],
  [
    "cross-entropy of places of unlike weight",
    (x, y) => crossEntropy(x, y, { classWeights, weights: cast(placeWeights, x.dtype) }),
  ],
  ["Dice", (x, y) => diceLoss(x, y)],
  ["plain Dice", (x, y) => diceLoss(x, y, { squared: false })],
  ["focal", (x, y) => focalLoss(x, y)],
  ["weighted focal, gamma 1", (x, y) => focalLoss(x, y, { gamma: 1, classWeights })],
  ["focal, gamma 0", (x, y) => focalLoss(x, y, { gamma: 0 })],
];

/** A float32 array of normal numbers. */
function normal(sizes: readonly number[], ...seed: (string | number)[]): NdArray {
  const count = sizes.reduce((product, size) => product * size, 1);
  return float32(sizes, new Random(...seed).fillNormal(new Float32Array(count)));
}

/** The loss of `logits` and its gradient. */
async function run(loss: Loss, logits: NdArray, truth: NdArray): Promise<{ value: number; gradient: number[] }> {
  const x = input("logits", logits.shape);
  const value = loss(x, input("labels", truth.shape, truth.dtype));
  const got = await evaluate({ value, gradient: gradients(value, [x])[0] }, { logits, labels: truth });
  return { value: item(got.value), gradient: toNumbers(got.gradient) };
}

/** Swaps the two pictures of a batch. */
function swapped(array: NdArray): NdArray {
  const half = array.data.length / 2;
  const values = toNumbers(array);
  return fromNumbers(array.dtype, array.shape, [...values.slice(half), ...values.slice(0, half)]);
}

describe.each(losses)("%s", (name, loss) => {
  checkOp(name, (logits, truth) => loss(logits, truth), [{ inputs: [shape, labels], differentiable: [0] }], {
    second: false,
  });

  test("does not see what ignored pixels hold", async () => {
    const logits = normal(shape, name);
    const changed = float32(shape, Float32Array.from(logits.data as Float32Array));
    for (let k = 0; k < 3; k++) changed.data[4 * k + 3] = 7 * k; // picture 0, last pixel: ignored
    const [one, other] = [await run(loss, logits, labels), await run(loss, changed, labels)];
    expect(other.value).toBeCloseTo(one.value, 6);
    expect([3, 7, 11].map((i) => Math.abs(other.gradient[i]))).toEqual([0, 0, 0]);
  });

  test("is the same for a batch in another order", async () => {
    const logits = normal(shape, name);
    const [one, other] = [await run(loss, logits, labels), await run(loss, swapped(logits), swapped(labels))];
    expect(other.value).toBeCloseTo(one.value, 6);
    expect(
      toNumbers(swapped(float32(shape, other.gradient))).map((g, i) => Math.abs(g - one.gradient[i]) < 1e-6),
    ).not.toContain(false);
  });

  test("is finite, gradient too, where no pixel is valid", async () => {
    const nothing = fromNumbers("uint8", [2, 2, 2], new Array<number>(8).fill(255));
    const { value, gradient } = await run(loss, normal(shape, name), nothing);
    expect(value).toBe(0);
    expect(gradient.every((g) => g === 0)).toBe(true);
  });
});

test.each(losses)("%s of a label that is no class is an error with place and value", async (_, loss) => {
  for (const [dtype, wrong] of [
    ["int32", -1],
    ["int32", 3],
    ["uint8", 7],
    ["int64", 2 ** 32],
    ["int64", -255],
  ] as const) {
    const truth = fromNumbers(dtype, [2, 2, 2], [0, 1, 2, 255, 2, wrong, 0, 1]);
    const message = `labels: expected labels from 0 to 2, or 255, got ${wrong} at [1, 0, 1].`;
    await expect(run(loss, normal(shape, "wrong"), truth)).rejects.toThrow(message);
  }
});

test("what several losses ask of one input is looked at once", () => {
  const y = input("y", [1, 4], "uint8");
  const x = input("x", [1, 3, 4]);
  for (const loss of [crossEntropy, diceLoss, focalLoss]) loss(x, y);
  expect((y.source as Leaf).expects).toHaveLength(1);
  crossEntropy(x, y, { ignoreLabel: 0 });
  expect((y.source as Leaf).expects).toHaveLength(2);
});

test.each(losses)("%s of a computed label that is no class is NaN", async (_, loss) => {
  for (const wrong of [-1, 3, 7]) {
    const truth = fromNumbers("int32", [2, 2, 2], [0, 1, 2, 255, 2, wrong - 1, 0, 1]);
    const computed: Loss = (x, y) => loss(x, where(equal(y, 255), y, where(equal(y, wrong - 1), add(y, 1), y)));
    expect((await run(computed, normal(shape, "computed"), truth)).value).toBeNaN();
  }
});

test("another ignored label than 255 counts nowhere, one among the classes too", async () => {
  for (const ignoreLabel of [-1, 1, 9]) {
    const given = toNumbers(labels).map((label) => (label === 255 ? ignoreLabel : label === ignoreLabel ? 0 : label));
    const truth = fromNumbers("int32", [2, 2, 2], given);
    const expected = fromNumbers(
      "uint8",
      [2, 2, 2],
      given.map((label) => (label === ignoreLabel ? 255 : label)),
    );
    const logits = normal(shape, "ignored");
    const { value } = await run((x, y) => crossEntropy(x, y, { ignoreLabel }), logits, truth);
    expect(value).toBe((await run((x, y) => crossEntropy(x, y), logits, expected)).value);
  }
});

test("smoothed cross-entropy is 0 where all labelled classes weigh nothing, and shows NaN even then", async () => {
  const loss: Loss = (x, y) => crossEntropy(x, y, { classWeights: [0, 3], labelSmoothing: 0.5 });
  const truth = fromNumbers("int32", [2], [0, 0]);
  const { value, gradient } = await run(loss, float32([2, 2], [1, 2, 3, 5]), truth);
  expect(value).toBe(0);
  expect(gradient.every((g) => g === 0)).toBe(true);
  expect((await run(loss, float32([2, 2], [1, Number.NaN, 3, 5]), truth)).value).toBeNaN();
});

test("cross-entropy of equal logits is the logarithm of the number of classes", async () => {
  const { value } = await run((x, y) => crossEntropy(x, y), float32(shape, new Float32Array(24)), labels);
  expect(value).toBeCloseTo(Math.log(3), 6);
});

test("smoothed cross-entropy is what the smoothed target gives", async () => {
  // Logits 2, 0, 0, label 0: the target is 0.9 + 0.1/3, 0.1/3, 0.1/3.
  const normalizer = Math.log(Math.exp(2) + 2);
  const expected = (0.9 + 0.1 / 3) * (normalizer - 2) + 2 * (0.1 / 3) * normalizer;
  const logits = float32([1, 3], [2, 0, 0]);
  const { value } = await run(
    (x, y) => crossEntropy(x, y, { labelSmoothing: 0.1 }),
    logits,
    fromNumbers("int32", [1], [0]),
  );
  expect(value).toBeCloseTo(expected, 6);
});

test("weighted cross-entropy divides by the sum of the weights", async () => {
  // Two pixels of losses ln 2 (class 0, weight 1) and ln 4 (class 1, weight 3).
  const logits = float32([2, 2], [0, 0, Math.log(3), 0]);
  const truth = fromNumbers("int64", [2], [0, 1]);
  const { value } = await run((x, y) => crossEntropy(x, y, { classWeights: [1, 3] }), logits, truth);
  expect(value).toBeCloseTo((Math.log(2) + 3 * Math.log(4)) / 4, 6);
});

test("per-pixel cross-entropy is 0 at ignored pixels", async () => {
  const loss = pixelCrossEntropy(input("x", [1, 2, 3]), input("y", [1, 3], "uint8"));
  const feeds = { x: float32([1, 2, 3], new Float32Array(6)), y: fromNumbers("uint8", [1, 3], [0, 255, 1]) };
  const [first, ignored, last] = toNumbers((await evaluate({ loss }, feeds)).loss);
  expect(ignored).toBe(0);
  expect(first).toBeCloseTo(Math.LN2, 6);
  expect(last).toBeCloseTo(Math.LN2, 6);
});

test("focal loss scales a pixel's cross-entropy by its error, squared", async () => {
  const { value } = await run(
    (x, y) => focalLoss(x, y),
    float32([1, 2], [Math.log(3), 0]),
    fromNumbers("uint8", [1], [0]),
  );
  expect(value).toBeCloseTo(0.25 ** 2 * -Math.log(0.75), 6);
});

test("Dice loss of a worked example", async () => {
  // Two pixels of classes 0 and 1, guessed 0.75 and 0.5: per class (2·p·t + 1) / (Σ p² + Σ t² + 1).
  const logits = float32([1, 2, 2], [Math.log(3), 0, 0, 0]); // class 0: ln 3, 0; class 1: 0, 0
  const ratios = [(2 * 0.75 + 1) / (0.75 ** 2 + 0.5 ** 2 + 1 + 1), (2 * 0.5 + 1) / (0.25 ** 2 + 0.5 ** 2 + 1 + 1)];
  const { value } = await run((x, y) => diceLoss(x, y), logits, fromNumbers("uint8", [1, 2], [0, 1]));
  expect(value).toBeCloseTo(1 - (ratios[0] + ratios[1]) / 2, 6);
});

test("Dice loss leaves out the classes that no counted pixel has", async () => {
  // As above with a third class, which an ignored pixel alone would be guessed.
  const logits = float32([1, 3, 3], [Math.log(3), 0, 0, 0, 0, 0, -60, -60, 9]);
  const labels = fromNumbers("uint8", [1, 3], [0, 1, 255]);
  const ratios = [(2 * 0.75 + 1) / (0.75 ** 2 + 0.5 ** 2 + 1 + 1), (2 * 0.5 + 1) / (0.25 ** 2 + 0.5 ** 2 + 1 + 1)];
  expect((await run((x, y) => diceLoss(x, y), logits, labels)).value).toBeCloseTo(1 - (ratios[0] + ratios[1]) / 2, 6);
  const none = await run((x, y) => diceLoss(x, y), logits, fromNumbers("uint8", [1, 3], [255, 255, 255]));
  expect(none.value).toBe(0);
  expect(none.gradient.map(Math.abs)).toEqual(new Array(9).fill(0));
});

test.each(losses.filter(([name]) => !name.includes("smoothed")))(
  "%s of a certain, right prediction is near 0",
  async (_, loss) => {
    const logits = float32(shape, new Float32Array(24).fill(-20));
    toNumbers(labels).forEach((label, pixel) => {
      if (label < 3) logits.data[12 * Math.floor(pixel / 4) + 4 * label + (pixel % 4)] = 20;
    });
    expect((await run(loss, logits, labels)).value).toBeLessThan(1e-6);
  },
);

const x = input("x", [2, 3, 4, 4]);
checkErrors("a loss", [
  ["loss: labels must be integers, got float32.", () => crossEntropy(x, input("y", [2, 4, 4]))],
  [
    "loss: labels must be [2, 4, 4] for logits [2, 3, 4, 4], got [2, 4, 2]",
    () => crossEntropy(x, input("y", [2, 4, 2], "uint8")),
  ],
  ["expected 3 class weights, got 2", () => crossEntropy(x, input("y", [2, 4, 4], "uint8"), { classWeights: [1, 2] })],
  [
    "label smoothing must be at least 0 and below 1, got 1",
    () => crossEntropy(x, input("y", [2, 4, 4], "uint8"), { labelSmoothing: 1 }),
  ],
  ["gamma must be 0 or at least 1, got 0.5", () => focalLoss(x, input("y", [2, 4, 4], "uint8"), { gamma: 0.5 })],
]);
