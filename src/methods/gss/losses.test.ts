import { expect, test } from "vitest";
import { float32, fromNumbers, item } from "../../array/ndarray.ts";
import { constant, input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { accuracyOf, priorLoss, tokenCrossEntropy } from "./losses.ts";

const ints = (values: readonly number[]) => constant(fromNumbers("int32", [1, 1, values.length], values));

test.each([
  ["two of three", [0, 1, 2, 3], [0, 1, 1, 9], 200 / 3],
  ["none", [0, 0], [1, 1], 0],
  ["all, as nothing counts", [0, 0], [9, 9], 100],
])("accuracy is the part of what counts that is right: %s", async (_, predicted, truth, percent) => {
  const { value } = await evaluate({ value: accuracyOf(ints(predicted), ints(truth), 9) }, {});
  expect(item(value)).toBeCloseTo(percent, 3);
});

const classifier = {
  features: constant(float32([1, 2, 1, 2], [1, 0, 0, 1])),
  weight: constant(float32([3, 2, 1, 1], [2, 0, 0, 2, 0, 0])),
  bias: constant(float32([3], [0, 0, 0])),
};
/** Logits (2, 0, 0) and (0, 2, 0). */
const right = -Math.log(Math.exp(2) / (Math.exp(2) + 2));

test.each([
  ["both right", [0, 1], right, 100],
  ["one does not count", [0, 3], right, 100],
  ["one wrong", [0, 2], right + 1, 50],
])("token cross-entropy, %s, whole and in pieces", async (_, tokens, loss, accuracy) => {
  for (const chunkElements of [100, 3]) {
    const found = tokenCrossEntropy(classifier, ints(tokens), { chunkElements });
    const values = await evaluate({ ...found }, {});
    expect(item(values.loss)).toBeCloseTo(loss, 5);
    expect(item(values.accuracy)).toBeCloseTo(accuracy, 3);
  }
});

test("both losses have their factors, and without a pixel head there is one", async () => {
  const targets = {
    ...{ labels: ints([0, 255]), completed: ints([0, 1]), tokens: ints([0, 1]) },
    counts: input("counts", [1, 1, 2], "bool"),
  };
  const pixels = constant(float32([1, 2, 1, 2], [0, 0, 0, 0]));
  const weights = { tokenWeight: 0.8, pixelWeight: 0.2 };
  const { terms, watched } = priorLoss(classifier, pixels, targets, weights);
  const values = await evaluate({ ...terms, ...watched }, {});
  expect(item(values.tokens)).toBeCloseTo(0.8 * right, 5);
  expect(item(values.pixels)).toBeCloseTo(0.2 * Math.LN2, 5);
  expect(item(values.pixelAccuracy)).toBeCloseTo(100, 3);
  const alone = priorLoss(classifier, null, targets, weights);
  expect([Object.keys(alone.terms), Object.keys(alone.watched)]).toEqual([["tokens"], ["tokenAccuracy"]]);
});

test("a cell weighs what the classes of its labelled pixels do on the average, whole and in pieces", async () => {
  // Cells of 2 × 2 pixels: half of class 0 and half of 1; one pixel of class 1 and three without a label.
  const labels = constant(fromNumbers("int32", [1, 2, 4], [0, 1, 1, 255, 0, 1, 255, 255]));
  const targets = {
    ...{ labels, completed: labels, tokens: ints([0, 2]), counts: input("counts", [1, 1, 2], "bool") },
  };
  const options = { tokenWeight: 1, pixelWeight: 1, classWeights: [1, 3] };
  const { terms } = priorLoss(classifier, null, targets, options);
  const weights = constant(float32([1, 1, 2], [2, 3]));
  const pieces = tokenCrossEntropy(classifier, targets.tokens, { chunkElements: 3, weights }).loss;
  const values = await evaluate({ ...terms, pieces }, {});
  // The second token's logit is 2 lower than the first's.
  const expected = (2 * right + 3 * (right + 2)) / 5;
  expect(item(values.tokens)).toBeCloseTo(expected, 5);
  expect(item(values.pieces)).toBeCloseTo(expected, 5);
});
