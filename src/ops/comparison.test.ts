import { expect, test } from "vitest";
import { checkErrors, checkOp } from "../../test/support/check.ts";
import { elementwisePlain, plain } from "../../test/support/check-plain.ts";
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

const left = plain([2, 3], [1, 2, 3, 4, 5, 6]);
const right = plain([3], [3, 2, 1]);
const comparisons = [
  ["equal", ops.equal, (a: number, b: number) => a === b],
  ["notEqual", ops.notEqual, (a: number, b: number) => a !== b],
  ["less", ops.less, (a: number, b: number) => a < b],
  ["lessOrEqual", ops.lessOrEqual, (a: number, b: number) => a <= b],
  ["greater", ops.greater, (a: number, b: number) => a > b],
  ["greaterOrEqual", ops.greaterOrEqual, (a: number, b: number) => a >= b],
] as const;

for (const [name, operator, f] of comparisons) {
  checkOp(name, operator, [
    { title: "broadcasting, with ties", inputs: [left, right], forward: elementwisePlain((a, b) => Number(f(a, b))) },
    {
      title: "a number",
      inputs: [left],
      build: (x) => operator(x, 2),
      forward: elementwisePlain((a) => Number(f(a, 2))),
    },
  ]);

  test.each(["uint8", "int32", "int64", "float32"] as const)(`${name} compares %s`, async (dtype) => {
    const x = input("x", [3], dtype);
    const results = await evaluate({ y: operator(x, 2) }, { x: fromNumbers(dtype, [3], [1, 2, 3]) });
    expect(toNumbers(results.y)).toEqual([1, 2, 3].map((value) => Number(f(value, 2))));
  });
}

const bits = [fromNumbers("bool", [2, 1], [0, 1]), fromNumbers("bool", [2], [0, 1])];
checkOp("and", ops.and, [{ inputs: bits, forward: () => [0, 0, 0, 1] }]);
checkOp("or", ops.or, [{ inputs: bits, forward: () => [0, 1, 1, 1] }]);
checkOp("not", ops.not, [{ inputs: bits.slice(1), forward: () => [1, 0] }]);

const condition = fromNumbers("bool", [2, 3], [1, 0, 0, 1, 1, 0]);
const choose = elementwisePlain((c, a, b) => (c ? a : b));
checkOp("where", ops.where, [
  { inputs: [condition, [2, 3], [2, 3]], forward: choose },
  { inputs: [condition, [3], []], forward: choose },
  { inputs: [condition, [4, 1, 1], [2, 1]], forward: choose },
  {
    title: "numbers on both sides",
    inputs: [condition, [2, 3]],
    build: (c, x) => ops.add(ops.where(c, 1, x), ops.where(c, x, 2)),
    forward: elementwisePlain((c, x) => (c ? 1 + x : x + 2)),
  },
  {
    title: "an infinite value that is not chosen",
    inputs: [fromNumbers("bool", [2], [1, 0]), plain([2], [1, 0])],
    build: (c, x) => ops.where(c, ops.log(x), 0),
    gradients: [null, [1, Number.NaN]],
    // ln has an infinite slope at 0, and 0 · ∞ is not a number: guard the argument, not the result.
    forward: () => [0, 0],
  },
]);

test("where keeps bytes and truth values", async () => {
  const c = input("c", [2], "bool");
  const results = await evaluate(
    { y: ops.where(c, input("a", [2], "uint8"), 255) },
    {
      c: fromNumbers("bool", [2], [1, 0]),
      a: fromNumbers("uint8", [2], [7, 8]),
    },
  );
  expect(toNumbers(results.y)).toEqual([7, 255]);
});

const x = input("x", [2]);
checkErrors("logic", [
  ["where: condition must be bool, got float32. Cast it first.", () => ops.where(x, 1, 2)],
  ["and: b must be bool, got float32", () => ops.and(input("c", [2], "bool"), x)],
  ["not: x must be bool, got float32", () => ops.not(x)],
  ["Equal: shapes must be equal or 1", () => ops.equal(x, input("y", [3]))],
]);
