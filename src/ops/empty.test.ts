/** Axes of size 0: what operators give of nothing, and that gradients pass through it. */
import { expect, test } from "vitest";
import { checkErrors } from "../../test/support/check.ts";
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

const targets = [
  { device: "cpu", operators: "native", convBlock: 0 },
  { device: "webgpu", operators: "portable", convBlock: 0 },
] as const;

const none = input("none", [0, 3]);
const some = input("some", [2, 3]);
const feeds = { none: fromNumbers("float32", [0, 3], []), some: fromNumbers("float32", [2, 3], [1, 2, 3, 4, 5, 6]) };
const nothing: number[] = [];

const cases: readonly [name: string, y: Tensor, shape: number[], numbers: number[]][] = [
  ["reshape of nothing", ops.reshape(none, [3, 0]), [3, 0], nothing],
  ["reshape with a size left open", ops.reshape(none, [-1, 3, 1]), [0, 3, 1], nothing],
  ["prod", ops.prod(none, { axes: [0] }), [3], [1, 1, 1]],
  ["prod along what is not empty", ops.prod(none, { axes: [1] }), [0], nothing],
  ["sum", ops.sum(none), [], [0]],
  ["mean", ops.mean(none), [], [Number.NaN]],
  ["mean, kept", ops.mean(none, { axes: [0], keepDims: true }), [1, 3], [Number.NaN, Number.NaN, Number.NaN]],
  ["variance", ops.variance(none), [], [Number.NaN]],
  ["logSumExp", ops.logSumExp(none, { axes: [0] }), [3], new Array(3).fill(Number.NEGATIVE_INFINITY)],
  ["roll", ops.roll(none, { shifts: [1, 2], axes: [0, 1] }), [0, 3], nothing],
  ["flip", ops.flip(none, { axes: [0, 1] }), [0, 3], nothing],
  ["transpose", ops.transpose(none, [1, 0]), [3, 0], nothing],
  ["concat", ops.concat([none, some], { axis: 0 }), [2, 3], [1, 2, 3, 4, 5, 6]],
  ["split", ops.split(some, [0, 2], { axis: 0 })[0], [0, 3], nothing],
  ["slice that takes nothing", ops.slice(some, [{ axis: 1, start: 2, end: 1 }]), [2, 0], nothing],
  ["slice backwards that takes nothing", ops.slice(some, [{ axis: 1, start: 0, end: 2, step: -1 }]), [2, 0], nothing],
  ["pad", ops.pad(none, { before: [1, 0], after: [1, 0], value: 7 }), [2, 3], [7, 7, 7, 7, 7, 7]],
  ["add", ops.add(none, 1), [0, 3], nothing],
  ["matmul over nothing", ops.matmul(ops.transpose(none, [1, 0]), none), [3, 3], new Array(9).fill(0)],
];

test.each(cases)("%s", async (_, y, shape, numbers) => {
  const leaves = [none, some];
  const slopes = gradients(ops.sum(y), leaves);
  for (const target of targets) {
    const got = await evaluate({ y, dNone: slopes[0], dSome: slopes[1] }, feeds, { target });
    expect(got.y.shape).toEqual(shape);
    expect(toNumbers(got.y)).toEqual(numbers);
    expect(got.dNone.shape).toEqual([0, 3]);
    expect(got.dSome.shape).toEqual([2, 3]);
  }
});

test("what a slice of nothing came from gets no gradient", async () => {
  const [slope] = gradients(ops.sum(ops.slice(some, [{ axis: 0, start: 1, end: 0, step: 2 }])), [some]);
  expect(toNumbers((await evaluate({ slope }, feeds)).slope)).toEqual([0, 0, 0, 0, 0, 0]);
});

checkErrors("an extreme of nothing", [
  ["max: expected at least one element, got x [0, 3], axes [0].", () => ops.max(none, { axes: [0] })],
  ["min: expected at least one element, got x [0, 3], axes [0, 1].", () => ops.min(none)],
]);
