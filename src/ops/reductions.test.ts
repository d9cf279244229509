import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build, plain, reducePlain } from "../../test/support/check-plain.ts";
import { fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { lower, reach } from "../graph/graph.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import type { ReductionOptions } from "./broadcast.ts";
import * as ops from "./index.ts";

type Reduction = (x: Tensor, options?: ReductionOptions) => Tensor;

/** All axes, the first, the last, two apart, negative, none, and axes of size 1; every second one with keepDims. */
function choices(
  operator: Reduction,
  f: (values: number[]) => number,
  range: readonly [number, number] = [-1, 1],
): Case[] {
  const list: [number[], number[] | undefined][] = [
    [[2, 3], undefined],
    [[], undefined],
    [[2, 3, 4], [0]],
    [[2, 3, 4], [-1]],
    [
      [2, 3, 4],
      [2, 0],
    ],
    [[2, 1, 4], [1]],
    [[2, 3], []],
  ];
  return list.map(([shape, axes], i) => {
    const keepDims = i % 2 === 1;
    return {
      title: `[${shape}] over ${axes === undefined ? "all" : `[${axes}]`}${keepDims ? ", kept" : ""}`,
      inputs: [{ shape, range }],
      build: (x: Tensor) => operator(x, { axes, keepDims }),
      forward: (x: NdArray) => {
        const chosen = axes?.map((axis) => (axis + shape.length) % shape.length);
        const kept = reducePlain(f, chosen)(x);
        return keepDims ? kept : toNumbers(kept);
      },
    };
  });
}

const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
const average = (values: number[]) => total(values) / values.length;
checkOp("sum", ops.sum, choices(ops.sum, total));
checkOp("mean", ops.mean, choices(ops.mean, average));
checkOp(
  "sumSquare",
  ops.sumSquare,
  choices(ops.sumSquare, (values) => total(values.map((x) => x * x))),
);
checkOp("logSumExp", ops.logSumExp, [
  ...choices(ops.logSumExp, (values) => Math.log(total(values.map(Math.exp)))),
  { title: "large", inputs: [plain([2], [1000, 1000])], forward: () => [1000 + Math.LN2], gradients: [[0.5, 0.5]] },
]);
checkOp(
  "variance",
  ops.variance,
  choices(ops.variance, (values) => average(values.map((x) => (x - average(values)) ** 2))),
);
checkOp("prod", ops.prod, [
  ...choices(ops.prod, (values) => values.reduce((a, b) => a * b, 1), [0.5, 1.5]),
  { title: "one zero", inputs: [plain([5], [1, 2, 0, 3, 4])], forward: () => [0], gradients: [[0, 0, 24, 0, 0]] },
  { title: "two zeros", inputs: [plain([3], [0, 2, 0])], forward: () => [0], gradients: [[0, 0, 0]] },
]);
const ties = plain([2, 3], [1, 3, 3, -2, -2, -2]);
checkOp("max", ops.max, [
  ...choices(ops.max, (values) => Math.max(...values)),
  {
    title: "ties share",
    inputs: [ties],
    build: (x) => ops.max(x, { axes: [1] }),
    gradients: [[0, 0.5, 0.5, 1 / 3, 1 / 3, 1 / 3]],
  },
]);
checkOp("min", ops.min, [
  ...choices(ops.min, (values) => Math.min(...values)),
  {
    title: "ties share",
    inputs: [ties],
    build: (x) => ops.min(x, { axes: [1] }),
    gradients: [[1, 0, 0, 1 / 3, 1 / 3, 1 / 3]],
  },
]);

const sumToCases: [number[], number[]][] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], []],
  [[2, 3, 4], [4]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [
    [2, 1, 4],
    [1, 1],
  ],
  [
    [2, 3, 4, 5],
    [1, 3, 4, 1],
  ],
  [[1, 1, 3], [3]],
];
checkOp(
  "sumTo",
  ops.sumTo,
  sumToCases.map(([from, to]) => ({
    title: `[${from}] to [${to}]`,
    inputs: [from],
    build: (x) => ops.sumTo(x, to),
    forward: (x) => {
      const missing = from.length - to.length;
      const axes = from.map((_, axis) => axis).filter((axis) => axis < missing || to[axis - missing] === 1);
      return toNumbers(reducePlain(total, axes)(x));
    },
  })),
);

test("sumTo sums a bias's gradient over rows in one operator", () => {
  const { y } = lower({ outputs: { y: ops.sumTo(input("x", [8, 16, 16, 3]), [3]) } }, plainTarget).outputs;
  const nodes = reach([y]).nodes;
  expect(nodes.map(({ op }) => op)).toEqual(["Reshape", "ReduceSum"]);
  expect(nodes[0].outputs[0].shape).toEqual([2048, 3]);
});

/** Running sums, by definition. */
function running(axis: number, reverse: boolean, exclusive: boolean) {
  return (x: NdArray) =>
    build(x.shape, (index) => {
      let sum = 0;
      for (let i = 0; i < x.shape[axis]; i++) {
        const before = reverse ? i > index[axis] : i < index[axis];
        if (before || (i === index[axis] && !exclusive)) sum += at(x, index.with(axis, i));
      }
      return sum;
    });
}
checkOp(
  "cumSum",
  ops.cumSum,
  [
    [0, false, false],
    [1, false, false],
    [-1, true, false],
    [1, false, true],
    [2, true, true],
  ].map(([axis, reverse, exclusive]) => ({
    title: `axis ${axis}${reverse ? ", reverse" : ""}${exclusive ? ", exclusive" : ""}`,
    inputs: [[2, 3, 4]],
    build: (x) => ops.cumSum(x, { axis: Number(axis), reverse: Boolean(reverse), exclusive: Boolean(exclusive) }),
    forward: running((Number(axis) + 3) % 3, Boolean(reverse), Boolean(exclusive)),
  })),
);

test("integers are summed as integers", async () => {
  const x = input("x", [2, 2], "int64");
  const results = await evaluate(
    { sum: ops.sum(x), max: ops.max(x, { axes: [0] }) },
    { x: fromNumbers("int64", [2, 2], [1, 2, 3, -4]) },
  );
  expect(toNumbers(results.sum)).toEqual([2]);
  expect(toNumbers(results.max)).toEqual([3, 2]);
});

const x = input("x", [2, 3]);
checkErrors("reductions", [
  ["ReduceSum: axis must be an integer from -2 to 1, got 2. The tensor has 2 axes.", () => ops.sum(x, { axes: [2] })],
  ["sumTo: [2] must broadcast to x, got x of shape [2, 3]. Check the axes.", () => ops.sumTo(x, [2])],
  ["sumTo: [1, 2, 3] must broadcast to x", () => ops.sumTo(x, [1, 2, 3])],
  ["cumSum: axis must be an integer", () => ops.cumSum(x, { axis: 5 })],
]);
