import { expect, test } from "vitest";
import { checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build, plain } from "../../test/support/check-plain.ts";
import { fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

const same = (x: NdArray) => toNumbers(x);

checkOp("concat", ops.concat, [
  {
    title: "two along the last axis",
    inputs: [
      [2, 1],
      [2, 2],
    ],
    build: (a, b) => ops.concat([a, b], { axis: -1 }),
    forward: (a, b) => plain([2, 3], [...[0, 1].flatMap((i) => [at(a, [i, 0]), at(b, [i, 0]), at(b, [i, 1])])]),
  },
  {
    title: "three along the first",
    inputs: [
      [1, 2],
      [2, 2],
      [1, 2],
    ],
    build: (...list) => ops.concat(list, { axis: 0 }),
    forward: (...list) => list.flatMap(toNumbers),
  },
  { title: "one", inputs: [[2, 2]], build: (x) => ops.concat([x], { axis: 0 }), forward: same },
  {
    title: "the same twice",
    inputs: [[2]],
    build: (x) => ops.concat([x, x], { axis: 0 }),
    forward: (x) => [...same(x), ...same(x)],
  },
]);

checkOp("stack", ops.stack, [
  {
    title: "new first axis",
    inputs: [[3], [3]],
    build: (...list) => ops.stack(list),
    forward: (a, b) => plain([2, 3], [...same(a), ...same(b)]),
  },
  {
    title: "new last axis",
    inputs: [[3], [3]],
    build: (...list) => ops.stack(list, { axis: -1 }),
    forward: (a, b) =>
      plain(
        [3, 2],
        same(a).flatMap((v, i) => [v, same(b)[i]]),
      ),
  },
]);

checkOp("split", (x) => x, [
  {
    title: "one piece of three",
    inputs: [[2, 6]],
    build: (x) => ops.split(x, [1, 3, 2], { axis: 1 })[1],
    forward: (x) => build([2, 3], ([i, j]) => at(x, [i, j + 1])),
  },
  {
    title: "all pieces, weighed",
    inputs: [[4, 2]],
    build: (x) => {
      const [a, b] = ops.split(x, [2, 2], { axis: -2 });
      return ops.mul(a, b);
    },
    forward: (x) => build([2, 2], ([i, j]) => at(x, [i, j]) * at(x, [i + 2, j])),
  },
  { title: "whole", inputs: [[3]], build: (x) => ops.split(x, [3], { axis: 0 })[0], forward: same },
]);

checkOp("unstack", (x) => x, [
  {
    title: "middle axis",
    inputs: [[2, 3, 2]],
    build: (x) => ops.unstack(x, { axis: 1 })[2],
    forward: (x) => build([2, 2], ([i, j]) => at(x, [i, 2, j])),
  },
  { title: "there and back", inputs: [[3, 2]], build: (x) => ops.stack(ops.unstack(x)), forward: same },
]);

const rolls: [number[], number[], number[]][] = [
  [[5], [2], [0]],
  [[5], [-1], [0]],
  [
    [3, 4],
    [1, -6],
    [0, 1],
  ],
  [
    [3, 4],
    [3, 0],
    [0, -1],
  ],
];

checkOp(
  "roll",
  ops.roll,
  rolls.map(([shape, shifts, axes]) => ({
    title: `[${shape}] by [${shifts}] along [${axes}]`,
    inputs: [shape],
    build: (x) => ops.roll(x, { shifts, axes }),
    forward: (x) =>
      build(shape, (index) => {
        const source = [...index];
        axes.forEach((axis, i) => {
          const along = (axis + shape.length) % shape.length;
          source[along] = (((source[along] - shifts[i]) % shape[along]) + shape[along]) % shape[along];
        });
        return at(x, source);
      }),
  })),
);

test("pieces of a split that nobody uses count as zeros in its gradient", async () => {
  const x = input("x", [4]);
  const [, used] = ops.split(x, [1, 2, 1], { axis: 0 });
  const [d] = gradients(ops.sum(used), [x]);
  expect(toNumbers((await evaluate({ d }, { x: fromNumbers("float32", [4], [1, 2, 3, 4]) })).d)).toEqual([0, 1, 1, 0]);
});

const x = input("x", [2, 3]);
checkErrors("joining", [
  [
    "concat: tensors must agree in type and in all axes but 0, got float32 [2, 3] and float32 [2, 4].",
    () => ops.concat([x, input("y", [2, 4])], { axis: 0 }),
  ],
  ["got float32 [2, 3] and int64 [2, 3]", () => ops.concat([x, input("y", [2, 3], "int64")], { axis: 0 })],
  ["concat: expected at least one tensor, got none", () => ops.concat([], { axis: 0 })],
  ["stack: expected at least one tensor, got none", () => ops.stack([])],
  [
    "split: sizes must be whole numbers of at least 0 and add up to 3, got [1, 1].",
    () => ops.split(x, [1, 1], { axis: 1 }),
  ],
  ["split: sizes must be whole numbers of at least 0", () => ops.split(x, [4, -1], { axis: 1 })],
  ["roll: expected one whole shift for each of 2 axes, got 1.", () => ops.roll(x, { shifts: [1], axes: [0, 1] })],
]);
