import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { elementwisePlain, plain } from "../../test/support/check-plain.ts";
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

/** Abramowitz and Stegun 7.1.5: the error function's power series, exact to double precision for |x| ≤ 3. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const tanhGelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** A scalar, a vector with size-1 axes, and a larger tensor, over a range. */
function over(range: readonly [number, number], f: (x: number) => number): Case[] {
  return [[], [1, 5, 1], [3, 17]].map((shape) => ({ inputs: [{ shape, range }], forward: elementwisePlain(f) }));
}

const single = { dtype: "float32" } as const;
checkOp(
  "neg",
  ops.neg,
  over([-2, 2], (x) => -x),
);
checkOp("abs", ops.abs, [
  ...over([-2, 2], Math.abs),
  { title: "at 0", inputs: [plain([3], [-1, 0, 2])], gradients: [[-1, 0, 1]] },
]);
checkOp("exp", ops.exp, over([-2, 2], Math.exp));
checkOp("log", ops.log, over([0.3, 3], Math.log));
checkOp("sqrt", ops.sqrt, over([0.3, 3], Math.sqrt));
checkOp(
  "reciprocal",
  ops.reciprocal,
  over([0.5, 3], (x) => 1 / x),
);
checkOp("tanh", ops.tanh, over([-3, 3], Math.tanh));
checkOp("sigmoid", ops.sigmoid, over([-4, 4], sigmoid));
checkOp("sin", ops.sin, over([-4, 4], Math.sin));
checkOp("cos", ops.cos, over([-4, 4], Math.cos));
checkOp("relu", ops.relu, [
  ...over([-2, 2], (x) => Math.max(x, 0)),
  { title: "at 0", inputs: [plain([3], [-1, 0, 2])], forward: () => [0, 0, 2], gradients: [[0, 0, 1]] },
]);
checkOp("erf", ops.erf, over([-2.5, 2.5], erf), single);
checkOp(
  "gelu",
  ops.gelu,
  over([-3, 3], (x) => (x * (1 + erf(x / Math.SQRT2))) / 2),
  single,
);
checkOp(
  "gelu",
  (x) => ops.gelu(x, { approximate: "tanh" }),
  over([-3, 3], tanhGelu).map((one) => ({ ...one, title: "tanh approximation" })),
  single,
);
checkOp(
  "silu",
  ops.silu,
  over([-3, 3], (x) => x * sigmoid(x)),
  single,
);
checkOp(
  "quickGelu",
  ops.quickGelu,
  over([-3, 3], (x) => x * sigmoid(1.702 * x)),
  single,
);
checkOp(
  "softplus",
  ops.softplus,
  over([-3, 3], (x) => Math.log1p(Math.exp(x))),
);
checkOp(
  "softplus",
  ops.softplus,
  [
    ...over([-3, 3], (x) => Math.log1p(Math.exp(x))),
    {
      title: "large",
      inputs: [plain([3], [-200, 0, 200])],
      forward: () => [0, Math.LN2, 200],
      gradients: [[0, 0.5, 1]],
    },
  ],
  single,
);
checkOp("clip", (x) => ops.clip(x, { min: -0.5, max: 0.7 }), [
  ...over([-2, 2], (x) => Math.min(0.7, Math.max(-0.5, x))),
  {
    title: "min alone",
    inputs: [[7]],
    build: (x) => ops.clip(x, { min: 0 }),
    forward: elementwisePlain((x) => Math.max(0, x)),
  },
  {
    title: "max alone",
    inputs: [[7]],
    build: (x) => ops.clip(x, { max: 0 }),
    forward: elementwisePlain((x) => Math.min(0, x)),
  },
  { title: "no limit", inputs: [[7]], build: (x) => ops.clip(x, {}), forward: elementwisePlain((x) => x) },
  { title: "at the limits", inputs: [plain([4], [-1, -0.5, 0.7, 1])], gradients: [[0, 1, 1, 0]] },
]);

const steps = plain([6], [-1.5, -0.5, -0.2, 0, 0.5, 2.5]);
checkOp("floor", ops.floor, [
  { inputs: [steps], forward: elementwisePlain(Math.floor), gradients: [[0, 0, 0, 0, 0, 0]] },
]);
checkOp("round", ops.round, [{ inputs: [steps], forward: () => [-2, 0, 0, 0, 0, 2], gradients: [[0, 0, 0, 0, 0, 0]] }]);
checkOp("sign", ops.sign, [{ inputs: [steps], forward: elementwisePlain(Math.sign), gradients: [[0, 0, 0, 0, 0, 0]] }]);

checkOp("cast", (x) => ops.cast(ops.cast(x, "float32"), "float64"), [
  { title: "between float types", inputs: [[2, 3]], tolerance: 1e-6, gradientTolerance: 2e-3, second: false },
  {
    title: "to its own type",
    inputs: [[2, 3]],
    build: (x) => ops.cast(x, "float64"),
    forward: elementwisePlain((x) => x),
  },
  {
    title: "through integers",
    inputs: [plain([4], [-1.7, -0.2, 0.9, 2.5])],
    build: (x) => ops.cast(ops.cast(x, "int32"), "float64"),
    forward: () => [-1, 0, 0, 2],
    gradients: [[0, 0, 0, 0]],
  },
]);

test.each([
  ["neg", ops.neg, [2, 0, -3]],
  ["abs", ops.abs, [2, 0, 3]],
  ["sign", ops.sign, [-1, 0, 1]],
] as const)("%s takes integers", async (_, operator: (x: Tensor) => Tensor, expected) => {
  const y = operator(input("x", [3], "int32"));
  const results = await evaluate({ y }, { x: fromNumbers("int32", [3], [-2, 0, 3]) });
  expect(toNumbers(results.y)).toEqual(expected);
});

const whole = input("x", [2], "int64");
checkErrors("elementwise", [
  ["Exp: x must be a float tensor, got int64. Cast it first.", () => ops.exp(whole)],
  ["Gelu: x must be a float tensor, got int64", () => ops.gelu(whole)],
  ["clip: min must not be above max, got 2 and 1. Exchange them.", () => ops.clip(input("x", [2]), { min: 2, max: 1 })],
]);
