import { expect, test } from "vitest";
import { float32, fromNumbers, toNumbers } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { conv2d, standardizedConv2d } from "./conv.ts";
import { batchNorm2d, groupNorm, instanceNorm, layerNorm } from "./norm.ts";

const x = input("x", [2, 4, 6, 6]);

function shapes(model: Model): Record<string, string> {
  return Object.fromEntries([...model.parameters].map(([name, { tensor }]) => [name, String(tensor.shape)]));
}

test("a convolution declares weight and bias, and groups divide the weight's channels", () => {
  const model = new Model({ training: true });
  expect(conv2d(model.scope.at("c"), x, 8, { kernel: 3, stride: 2, padding: 1, groups: 2 }).shape).toEqual([
    2, 8, 3, 3,
  ]);
  expect(shapes(model)).toEqual({ "c.weight": "8,2,3,3", "c.bias": "8" });
});

test("a standardized convolution has no bias unless asked for", () => {
  const model = new Model({ training: true });
  standardizedConv2d(model.scope, x, 8, { kernel: [3, 1] });
  expect(shapes(model)).toEqual({ weight: "8,4,3,1" });
});

test("a scaled weight changes nothing once it is standardized", async () => {
  const model = new Model();
  const y = standardizedConv2d(model.scope, x, 3, { kernel: 3, epsilon: 0 });
  const numbers = (size: number, factor: number) =>
    Float32Array.from({ length: size }, (_, i) => factor * Math.sin(i * i));
  const run = (factor: number) =>
    evaluate({ y }, { x: float32([2, 4, 6, 6], numbers(288, 1)), weight: float32([3, 4, 3, 3], numbers(108, factor)) });
  const [once, scaled] = [toNumbers((await run(1)).y), toNumbers((await run(5)).y)];
  scaled.forEach((value, i) => {
    expect(value).toBeCloseTo(once[i], 3);
  });
});

test.each([
  ["batch norm", { weight: "4", bias: "4", running_mean: "4", running_var: "4" }, batchNorm2d],
  ["instance norm", { weight: "4", bias: "4" }, instanceNorm],
  ["layer norm", { weight: "6", bias: "6" }, layerNorm],
] as const)("%s declares its vectors", (_, expected, norm) => {
  const model = new Model({ training: true });
  expect(norm(model.scope, x).shape).toEqual(x.shape);
  expect(shapes(model)).toEqual(expected);
});

test("running averages take a tenth of the batch's mean and unbiased variance", async () => {
  const model = new Model({ training: true });
  batchNorm2d(model.scope, input("v", [2, 1, 1, 2]));
  const [mean, variance] = [model.updates.get("running_mean")!, model.updates.get("running_var")!];
  const results = await evaluate(
    { mean, variance },
    {
      v: fromNumbers("float32", [2, 1, 1, 2], [1, 2, 3, 6]),
      running_mean: float32([1], [10]),
      running_var: float32([1], [2]),
    },
  );
  expect(toNumbers(results.mean)[0]).toBeCloseTo(0.9 * 10 + 0.1 * 3, 5);
  expect(toNumbers(results.variance)[0]).toBeCloseTo(0.9 * 2 + (0.1 * 14) / 3, 5);
});

test("a batch norm that is used twice counts both batches, one after the other", async () => {
  const model = new Model({ training: true });
  for (const name of ["a", "b"]) batchNorm2d(model.scope.shared(), input(name, [1, 1, 1, 2]));
  const { running_mean: mean, running_var: variance } = Object.fromEntries(model.updates);
  const results = await evaluate(
    { mean, variance },
    {
      ...{ a: float32([1, 1, 1, 2], [1, 3]), b: float32([1, 1, 1, 2], [4, 12]) },
      ...{ running_mean: float32([1], [10]), running_var: float32([1], [2]) },
    },
  );
  expect(toNumbers(results.mean)[0]).toBeCloseTo(0.9 * (0.9 * 10 + 0.1 * 2) + 0.1 * 8, 5);
  expect(toNumbers(results.variance)[0]).toBeCloseTo(0.9 * (0.9 * 2 + 0.1 * 2) + 0.1 * 32, 5);
});

test("a batch norm counts its batches where its weights are chosen by their own names", () => {
  const model = new Model({ training: true, trains: (name) => /\.(weight|bias)$/.test(name) });
  batchNorm2d(model.scope.at("norm"), input("v", [1, 1, 1, 2]));
  expect(model.updates.size).toBe(2);
});

test.each([
  ["outside training", new Model(), {}],
  ["when frozen", new Model({ training: true }), { frozen: true }],
  ["in a part that does not train", new Model({ training: true, trains: () => false }), {}],
] as const)("batch norm uses its running averages %s", async (_, model, options) => {
  const y = batchNorm2d(model.scope, input("v", [1, 1, 1, 2]), { epsilon: 0, ...options });
  const vectors = { weight: [2], bias: [1], running_mean: [3], running_var: [4] };
  const feeds = Object.fromEntries(Object.entries(vectors).map(([name, values]) => [name, float32([1], values)]));
  const results = await evaluate({ y }, { v: float32([1, 1, 1, 2], [3, 5]), ...feeds });
  expect(toNumbers(results.y)).toEqual([1, 3]);
  expect(model.updates.size).toBe(0);
});

test.each([
  [
    "input and output channels must be multiples of groups",
    () => conv2d(new Model().scope, x, 6, { kernel: 1, groups: 4 }),
  ],
  ["channels must be a multiple of groups, got 4 and 3", () => groupNorm(new Model().scope, x, { groups: 3 })],
  ["at least two values per channel", () => batchNorm2d(new Model({ training: true }).scope, input("v", [1, 4, 1, 1]))],
])("layers say: %s", (message, build) => {
  expect(build).toThrow(message);
  expect(build).toThrow(InputError);
});
