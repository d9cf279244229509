import { expect, test } from "vitest";
import { type Gradient, node, type Tensor } from "../../src/graph/tensor.ts";
import { add, exp, mul, neg, stopGradient } from "../../src/ops/index.ts";
import { checkCase } from "../support/check.ts";

/** e^x with a gradient and a lowering of our choice. */
function exponential(x: Tensor, gradient: Gradient, portable = exp): Tensor {
  return node("Exp", [x], {
    output: x,
    gradient,
    lower: ([x], { operators }) => (operators === "portable" ? [portable(x!)] : null),
  });
}

const right: Gradient = (dy, y) => [mul(dy, y)];
const given = { inputs: [[2, 3]] };

test("a right operator passes", async () => {
  await checkCase("right", (x) => exponential(x, right), given);
});

test.each<[string, (x: Tensor) => Tensor, RegExp]>([
  ["a gradient of the wrong sign", (x) => exponential(x, (dy, y) => [neg(mul(dy, y))]), /gradient of input 0 on cpu/],
  ["a gradient a little off", (x) => exponential(x, (dy, y) => [mul(dy, mul(y, 1.0001))]), /gradient of input 0/],
  ["a missing gradient", (x) => exponential(x, () => [null]), /gradient of input 0/],
  [
    "a gradient that hides its own dependence",
    (x) => exponential(x, (dy, y) => [mul(dy, stopGradient(y))]),
    /gradient of the gradient/,
  ],
  ["another value on another machine", (x) => exponential(x, right, (x) => add(exp(x), 1e-3)), /on webgpu, portable/],
])("%s is found", async (_, build, message) => {
  await expect(checkCase("wrong", build, given)).rejects.toThrow(message);
});

test("a wrong forward is found", async () => {
  const wrong = { ...given, forward: () => [1, 2, 3, 4, 5, 6] };
  await expect(checkCase("wrong", (x) => exponential(x, right), wrong)).rejects.toThrow(/outputs on cpu, native/);
});
