import { describe, expect, test } from "vitest";
import { expectNear } from "../../test/support/check.ts";
import { normal } from "../../test/support/normal.ts";
import { fromNumbers, item, toNumbers } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { gradients } from "../autodiff/gradients.ts";
import { InputError } from "../errors.ts";
import { lower, reach } from "../graph/graph.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { argMax, conv } from "../ops/index.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { linearCrossEntropy } from "./linear-cross-entropy.ts";

const [batch, channels, height, width, classes] = [2, 5, 3, 4, 7];

const given = {
  features: normal([batch, channels, height, width], "features"),
  weight: normal([classes, channels, 1, 1], "weight"),
  bias: normal([classes], "bias"),
};
const place = (name: keyof typeof given) => input(name, given[name].shape);
const at = { features: place("features"), weight: place("weight"), bias: place("bias") };
const labelsOf = (of: (index: number) => number) =>
  fromNumbers(
    "int32",
    [batch, height, width],
    Array.from({ length: batch * height * width }, (_, i) => of(i)),
  );
const labels = labelsOf((i) => (i % 5 === 3 ? classes : (3 * i) % classes));
const truth = input("labels", labels.shape, "int32");
const feeds = { ...given, labels };

function outputsOf(loss: Tensor, predicted: Tensor): Record<string, Tensor> {
  const [features, weight, bias] = gradients(loss, [at.features, at.weight, at.bias]);
  return { loss, predicted, features: features, weight, bias };
}

const logits = conv(at.features, at.weight, { bias: at.bias });
const whole = outputsOf(crossEntropy(logits, truth, { ignoreLabel: classes }), argMax(logits, { axis: 1 }));
const renamed = (outputs: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [`got ${name}`, tensor]));

describe("the cross-entropy of a linear map is that of its logits, with all gradients:", () => {
  test.each([
    ["in one piece", Number.POSITIVE_INFINITY],
    ["a sample a piece", 12 * classes],
    ["in pieces that do not divide it", 5 * classes],
    ["a place a piece", 1],
  ])("%s", async (_, chunkElements) => {
    const { loss, predicted } = linearCrossEntropy(at, truth, { ignoreLabel: classes, chunkElements });
    const expected = await evaluate(renamed(whole), feeds);
    const got = await evaluate(renamed(outputsOf(loss, predicted)), feeds);
    for (const [name, array] of Object.entries(expected)) {
      expect(got[name].shape, name).toEqual(array.shape);
      expectNear(toNumbers(got[name]), toNumbers(array), 2e-6);
    }
  });
});

test("nothing that counts gives 0 and no gradient", async () => {
  const { loss, predicted } = linearCrossEntropy(at, truth, { ignoreLabel: classes, chunkElements: 14 });
  const values = await evaluate(renamed(outputsOf(loss, predicted)), { ...feeds, labels: labelsOf(() => classes) });
  expect(item(values["got loss"])).toBe(0);
  for (const name of ["features", "weight", "bias"]) {
    expect(toNumbers(values[`got ${name}`]).every((value) => value === 0)).toBe(true);
  }
});

test("no more logits than asked for are there at once", () => {
  const chunkElements = 3 * classes;
  const { loss } = linearCrossEntropy(at, truth, { ignoreLabel: classes, chunkElements });
  const { nodes } = reach(Object.values(lower({ outputs: renamed(outputsOf(loss, loss)) }, plainTarget).outputs));
  const logitsLike = nodes.flatMap(({ outputs }) => outputs).filter(({ shape }) => shape.at(-1) === classes);
  expect(logitsLike.length).toBeGreaterThan(0);
  // The weight's own gradient is [classes, channels].
  for (const { shape } of logitsLike) expect(sizeOf(shape)).toBeLessThanOrEqual(Math.max(chunkElements, classes));
});

test("what is made of labels for a piece of logits waits for the piece before it", () => {
  const { loss } = linearCrossEntropy(at, truth, { ignoreLabel: classes, chunkElements: 3 * classes });
  const [features] = gradients(loss, [at.features]);
  const { nodes } = reach(Object.values(lower({ outputs: { features } }, plainTarget).outputs));
  const large = nodes.filter(({ outputs: [{ shape }] }) => shape.at(-1) === classes && sizeOf(shape) > classes);
  // Made of labels alone they could all be computed at once, and wait: the first piece's are.
  const early = large.filter(({ outputs: [tensor] }) => {
    return ![...reach([tensor]).leaves.keys()].some((name) => name === "features" || name === "weight");
  });
  expect(large.filter(({ op }) => op === "Equal")).toHaveLength(8);
  expect(early.filter(({ op }) => op === "Equal")).toHaveLength(1);
});

test("features and weights that do not fit are refused", () => {
  const other = { ...at, weight: input("other", [classes, channels + 1, 1, 1]) };
  const build = () => linearCrossEntropy(other, truth, { ignoreLabel: classes });
  expect(build).toThrow("features and bias must fit the weight [7, 6, 1, 1], got [2, 5, 3, 4] and [7]");
  expect(build).toThrow(InputError);
});
