import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build, plain } from "../../test/support/check-plain.ts";
import { type NdArray, toNumbers } from "../array/ndarray.ts";
import { lower, reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import { plainTarget } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

const same = (x: NdArray) => toNumbers(x);

checkOp("reshape", ops.reshape, [
  { title: "given sizes", inputs: [[2, 6]], build: (x) => ops.reshape(x, [3, 4]), forward: same },
  {
    title: "the rest",
    inputs: [[2, 6]],
    build: (x) => ops.reshape(x, [3, -1, 1]),
    forward: (x) => plain([3, 4, 1], same(x)),
  },
  { title: "a scalar", inputs: [[1, 1]], build: (x) => ops.reshape(x, []), forward: (x) => plain([], same(x)) },
  { title: "its own shape", inputs: [[2, 3]], build: (x) => ops.reshape(x, [2, -1]), forward: same },
]);

checkOp("squeeze", ops.squeeze, [
  { title: "inner axis", inputs: [[2, 1, 3]], build: (x) => ops.squeeze(x, 1), forward: (x) => plain([2, 3], same(x)) },
  { title: "last axis", inputs: [[2, 1]], build: (x) => ops.squeeze(x, -1), forward: (x) => plain([2], same(x)) },
]);

checkOp("unsqueeze", ops.unsqueeze, [
  {
    title: "first axis",
    inputs: [[2, 3]],
    build: (x) => ops.unsqueeze(x, 0),
    forward: (x) => plain([1, 2, 3], same(x)),
  },
  {
    title: "last axis",
    inputs: [[2, 3]],
    build: (x) => ops.unsqueeze(x, -1),
    forward: (x) => plain([2, 3, 1], same(x)),
  },
  { title: "of a scalar", inputs: [[]], build: (x) => ops.unsqueeze(x, 0), forward: (x) => plain([1], same(x)) },
]);

const permutations = [
  [0, 1, 2],
  [2, 0, 1],
  [0, 2, 1],
  [2, 1, 0],
  [1, 0, 2],
];

checkOp(
  "transpose",
  ops.transpose,
  [
    [2, 3, 4],
    [1, 3, 2],
    [2, 1, 1],
  ].flatMap((shape) =>
    permutations.map(
      (permutation): Case => ({
        title: `[${shape}] by [${permutation}]`,
        inputs: [shape],
        build: (x) => ops.transpose(x, permutation),
        forward: (x) =>
          build(
            permutation.map((axis) => shape[axis]),
            (index) =>
              at(
                x,
                shape.map((_, axis) => index[permutation.indexOf(axis)]),
              ),
          ),
      }),
    ),
  ),
);

checkOp("stopGradient", ops.stopGradient, [
  { title: "the same numbers, no gradient", inputs: [[3]], forward: same, gradients: [[0, 0, 0]] },
  {
    title: "only what passes by counts",
    inputs: [plain([2], [2, 3])],
    build: (x) => ops.mul(x, ops.stopGradient(x)),
    gradients: [[2, 3]],
  },
]);

checkOp("straightThrough", ops.straightThrough, [
  {
    title: "rounding passed over",
    inputs: [plain([2], [0.2, 0.7])],
    build: (x) => ops.straightThrough(ops.round(x), ops.mul(x, 2)),
    forward: () => [0, 1],
    gradients: [[2, 2]],
  },
  {
    title: "nothing flows to the hard side",
    inputs: [[2], [2]],
    forward: (hard) => same(hard),
    gradients: [
      [0, 0],
      [1, 1],
    ],
  },
]);

test("stopGradient and straightThrough cost nothing at run time", () => {
  const x = input("x", [3]);
  const y = ops.straightThrough(ops.round(x), ops.stopGradient(x));
  const graph = lower({ outputs: { y, same: ops.stopGradient(x) } }, plainTarget);
  expect(reach(Object.values(graph.outputs)).nodes.map(({ op }) => op)).toEqual(["Round"]);
});

test("axisSize is a plain number", () => {
  expect(ops.axisSize(input("x", [2, 3]), -1)).toBe(3);
});

test.each([
  ["reshape", (x: ReturnType<typeof input>) => ops.reshape(x, [2, 3])],
  ["transpose", (x: ReturnType<typeof input>) => ops.transpose(x, [0, 1])],
  ["expand", (x: ReturnType<typeof input>) => ops.expand(x, [2, 3])],
  ["slice", (x: ReturnType<typeof input>) => ops.slice(x, [{ axis: 0 }])],
  ["pad", (x: ReturnType<typeof input>) => ops.pad(x, { before: [0, 0] })],
  ["cast", (x: ReturnType<typeof input>) => ops.cast(x, "float32")],
  ["sumTo", (x: ReturnType<typeof input>) => ops.sumTo(x, [2, 3])],
  ["roll", (x: ReturnType<typeof input>) => ops.roll(x, { shifts: [2], axes: [0] })],
] as const)("%s that changes nothing is no node", (_, operator) => {
  const x = input("x", [2, 3]);
  expect(operator(x)).toBe(x);
});

const x = input("x", [2, 3]);
checkErrors("shape", [
  ["reshape: [4, 2] must hold the 6 elements of x, got x of shape [2, 3].", () => ops.reshape(x, [4, 2])],
  ["reshape: [-1, -1] must hold", () => ops.reshape(x, [-1, -1])],
  ["reshape: [4, -1] must hold", () => ops.reshape(x, [4, -1])],
  [
    "transpose: permutation must name each axis of x once, got [0, 0] for shape [2, 3]. Use the numbers 0 to 1.",
    () => ops.transpose(x, [0, 0]),
  ],
  ["squeeze: axis 0 must have size 1, got 2 in shape [2, 3].", () => ops.squeeze(x, 0)],
  ["unsqueeze: axis must be an integer from -3 to 2, got 3", () => ops.unsqueeze(x, 3)],
  [
    "straightThrough: hard and soft must have one type and shape, got float32 [2, 3] and float32 [3].",
    () => ops.straightThrough(x, input("y", [3])),
  ],
]);
