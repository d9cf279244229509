/** Activations that are made of our operators where they are read, so that they have gradients. */
import { expect, test } from "vitest";
import { integers, numbers, type OneNode, oneNode } from "../../test/support/onnx-node.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { input } from "../graph/tensor.ts";
import { sum } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { readModel } from "./read.ts";

const values = [-4.1, -2.9, -1.2, -0.3, 0.2, 0.9, 2.2, 3.3, 5];
const clip = (x: number) => Math.min(1, Math.max(0, x));
const below = (x: number, low: number) => (x > 0 ? x : low);
const a = 1.6732632423543772;
const g = 1.0507009873554805;

const cases: readonly [string, OneNode["attributes"], (x: number) => number][] = [
  ["HardSigmoid", {}, (x) => clip(0.2 * x + 0.5)],
  ["HardSigmoid", { alpha: { float: 0.25 }, beta: { float: 0.4 } }, (x) => clip(0.25 * x + 0.4)],
  ["HardSwish", {}, (x) => x * clip(x / 6 + 0.5)],
  ["Elu", { alpha: { float: 0.7 } }, (x) => below(x, 0.7 * (Math.exp(x) - 1))],
  ["Selu", {}, (x) => g * below(x, a * (Math.exp(x) - 1))],
  ["Mish", {}, (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
  ["Softsign", {}, (x) => x / (1 + Math.abs(x))],
  ["PRelu", {}, (x) => below(x, 0.3 * x)],
];

test.each(cases)("%s %j", async (op, attributes, plain) => {
  const x = float32([values.length], values);
  const inputs = op === "PRelu" ? ["x", numbers(0.3)] : ["x"];
  const bytes = oneNode({ op, opset: 18, fed: { x }, inputs, attributes });
  const stand = input("stand", x.shape);
  const { outputs, withoutGradient } = readModel(bytes, { inputs: { x: stand } });
  expect(withoutGradient).toEqual([]);
  const [slope] = gradients(sum(outputs.y0), [stand]);
  const found = await evaluate({ y: outputs.y0, slope }, { stand: x });
  for (const [i, value] of values.entries()) {
    expect(toNumbers(found.y)[i]).toBeCloseTo(plain(value), 5);
    expect(toNumbers(found.slope)[i]).toBeCloseTo((plain(value + 1e-5) - plain(value - 1e-5)) / 2e-5, 3);
  }
});

test("a list is sliced and split while the graph is built, as paddings are, in old operator sets too", () => {
  const pads = integers(1, 2, 3, 4);
  const sliced = oneNode({ op: "Slice", opset: 9, inputs: [pads], attributes: { starts: [1], ends: [3] } });
  const split = oneNode({ op: "Split", opset: 11, inputs: [pads], outputs: 2, attributes: { axis: 0 } });
  const lists = [readModel(sliced).outputs.y0, readModel(split).outputs.y1].map(({ source }) =>
    source.kind === "constant" ? toNumbers(source.value!) : null,
  );
  expect(lists).toEqual([
    [2, 3],
    [3, 4],
  ]);
});
