import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build, plain } from "../../test/support/check-plain.ts";
import { fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { lower, reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import { plainTarget } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

const int64 = (shape: number[], values: number[]) => fromNumbers("int64", shape, values);

const gatherCases: [number[], number, NdArray][] = [
  [[4, 3], 0, int64([3], [2, 0, 2])],
  [[4, 3], 0, int64([2, 2], [3, -1, 0, 3])],
  [[4, 3], 0, int64([], [2])],
  [[2, 4, 3], 1, int64([5], [0, 1, 1, 3, -4])],
  [[2, 4, 3], -1, int64([2, 1], [2, 0])],
  [[1, 4], 0, int64([2], [0, 0])],
];
const wrap = (index: number, size: number) => (index < 0 ? index + size : index);
checkOp(
  "gather",
  ops.gather,
  gatherCases.map(([shape, axis, indices]): Case => {
    const along = wrap(axis, shape.length);
    return {
      title: `[${shape}] axis ${axis}, indices [${indices.shape}]`,
      inputs: [shape, indices],
      build: (x, i) => ops.gather(x, i, { axis }),
      forward: (x) =>
        build(shape.toSpliced(along, 1, ...indices.shape), (index) => {
          const rank = indices.shape.length;
          const row = at(indices, index.slice(along, along + rank));
          return at(x, index.toSpliced(along, rank, wrap(row, shape[along])));
        }),
    };
  }),
);
checkOp("gather", ops.gather, [
  {
    title: "int32 indices",
    inputs: [[4, 3], fromNumbers("int32", [2], [3, 1])],
    forward: (x) => toNumbers(x).slice(9).concat(toNumbers(x).slice(3, 6)),
  },
]);

const gatherNdCases: [number[], NdArray, number][] = [
  [[3, 4], int64([3, 2], [0, 1, 2, 3, 0, 1]), 0],
  [[3, 4], int64([2, 1], [2, 2]), 0],
  [[3, 4, 2], int64([2, 2, 2], [0, 1, 2, 3, 0, 1, -1, -1]), 0],
  [[2, 4, 3], int64([2, 3, 1], [0, 1, 1, 3, 2, 0]), 1],
  [[2, 2, 4], int64([2, 2, 1], [0, 3, 1, 1]), 2],
];
checkOp(
  "gatherNd",
  ops.gatherNd,
  gatherNdCases.map(([shape, indices, batchDims]): Case => {
    const count = indices.shape.at(-1)!;
    return {
      title: `[${shape}], indices [${indices.shape}], ${batchDims} batch axes`,
      inputs: [shape, indices],
      build: (x, i) => ops.gatherNd(x, i, { batchDims }),
      forward: (x) =>
        build([...indices.shape.slice(0, -1), ...shape.slice(batchDims + count)], (index) => {
          const outer = index.slice(0, indices.shape.length - 1);
          const inner = Array.from({ length: count }, (_, i) => wrap(at(indices, [...outer, i]), shape[batchDims + i]));
          return at(x, [...index.slice(0, batchDims), ...inner, ...index.slice(outer.length)]);
        }),
    };
  }),
);

const along: [number[], number, NdArray][] = [
  [[4], 0, int64([6], [0, 3, 3, -1, 1, 2])],
  [[2, 3], 1, int64([2, 2], [0, 2, 1, 1])],
  [[2, 3], 0, int64([1, 3], [1, 0, -2])],
  [[2, 3, 2], 1, int64([2, 1, 2], [0, 2, 1, 0])],
];
checkOp(
  "takeAlong",
  ops.takeAlong,
  along.map(([shape, axis, indices]) => ({
    title: `[${shape}] axis ${axis}, indices [${indices.shape}]`,
    inputs: [shape, indices],
    build: (x, i) => ops.takeAlong(x, i, { axis }),
    forward: (x) => build(indices.shape, (index) => at(x, index.with(axis, wrap(at(indices, index), shape[axis])))),
  })),
);
checkOp(
  "scatterAdd",
  ops.scatterAdd,
  along.map(([shape, axis, indices]) => ({
    title: `[${shape}] axis ${axis}, indices [${indices.shape}]`,
    inputs: [shape, indices, indices.shape],
    build: (x, i, updates) => ops.scatterAdd(x, i, updates, { axis }),
    forward: (x, _, updates) =>
      build(shape, (index) => {
        let sum = at(x, index);
        for (let i = 0; i < indices.shape[axis]; i++) {
          const from = index.with(axis, i);
          if (wrap(at(indices, from), shape[axis]) === index[axis]) sum += at(updates, from);
        }
        return sum;
      }),
  })),
);
checkOp("scatterNdAdd", ops.scatterNdAdd, [
  {
    title: "rows, one of them twice",
    inputs: [[3, 2], int64([3, 1], [1, 0, 1]), [3, 2]],
    forward: (x, _, u) => {
      const [a, b] = [toNumbers(x), toNumbers(u)];
      return [a[0] + b[2], a[1] + b[3], a[2] + b[0] + b[4], a[3] + b[1] + b[5], a[4], a[5]];
    },
  },
  {
    title: "single elements by int32 coordinates",
    inputs: [[2, 2], fromNumbers("int32", [2, 2], [0, 1, 0, 1]), [2]],
    forward: (x, _, u) => toNumbers(x).map((value, i) => (i === 1 ? value + toNumbers(u)[0] + toNumbers(u)[1] : value)),
  },
]);

test("repeated rows are not left to ScatterND on the CPU, whose threads lose updates", () => {
  const table = input("table", [3, 4]);
  const [d] = gradients(ops.sum(ops.gather(table, input("indices", [100], "int64"))), [table]);
  const operators = reach(Object.values(lower({ outputs: { d } }, plainTarget).outputs)).nodes.map(({ op }) => op);
  expect(operators).toContain("ScatterElements");
  expect(operators).not.toContain("ScatterND");
});

checkOp("oneHot", (x) => x, [
  {
    title: "last axis",
    inputs: [int64([3], [2, 0, 1])],
    build: (i) => ops.oneHot(i, 3),
    forward: () => plain([3, 3], [0, 0, 1, 1, 0, 0, 0, 1, 0]),
  },
  {
    title: "channel axis, int32",
    inputs: [fromNumbers("int32", [2, 2], [1, 0, 0, 1])],
    build: (i) => ops.oneHot(i, 2, { axis: 1 }),
    forward: () => plain([2, 2, 2], [0, 1, 1, 0, 1, 0, 0, 1]),
  },
  {
    title: "labels outside are all zero",
    inputs: [int64([2], [255, -1])],
    build: (i) => ops.oneHot(i, 2),
    forward: () => [0, 0, 0, 0],
  },
  {
    title: "as truth values",
    inputs: [int64([1], [1])],
    build: (i) => ops.oneHot(i, 2, { dtype: "bool" }),
    forward: () => [0, 1],
  },
]);

const table = plain([2, 3], [5, 7, 7, -1, -2, -2]);
checkOp(
  "argMax",
  ops.argMax,
  [
    { title: "first of several", inputs: [table], forward: () => plain([2], [1, 0]) },
    {
      title: "axis 0, kept",
      inputs: [table],
      build: (x) => ops.argMax(x, { axis: 0, keepDims: true }),
      forward: () => plain([1, 3], [0, 0, 0]),
    },
  ],
  { differentiable: [] },
);
checkOp(
  "argMin",
  ops.argMin,
  [
    { title: "first of several", inputs: [table], forward: () => plain([2], [0, 1]) },
    {
      title: "axis 0",
      inputs: [table],
      build: (x) => ops.argMin(x, { axis: 0 }),
      forward: () => plain([3], [1, 1, 1]),
    },
  ],
  { differentiable: [] },
);

checkOp("topK", (x) => ops.topK(x, 2).values, [
  { title: "largest first", inputs: [plain([2, 3], [1, 3, 2, 6, 5, 4])], forward: () => plain([2, 2], [3, 2, 6, 5]) },
  {
    title: "smallest, along axis 0",
    inputs: [plain([3, 2], [1, 3, 2, 6, 5, 4])],
    build: (x) => ops.topK(x, 2, { axis: 0, largest: false }).values,
    forward: () => plain([2, 2], [1, 3, 2, 4]),
  },
  { title: "random, whole axis", inputs: [[2, 4, 3]], build: (x) => ops.topK(x, 4, { axis: 1 }).values },
  {
    title: "indices of ties",
    inputs: [plain([4], [1, 2, 2, 0])],
    build: (x) => ops.topK(x, 3).indices,
    forward: () => [1, 2, 0],
    differentiable: [],
  },
  { title: "gradient to the chosen ones", inputs: [plain([4], [1, 2, 2, 0])], gradients: [[0, 1, 1, 0]] },
]);

const x = input("x", [2, 3]);
const i = (...shape: number[]) => input("i", shape, "int64");
checkErrors("indexing", [
  ["gather: indices must be int64 or int32, got float32. Cast them first.", () => ops.gather(x, x)],
  ["gather: axis must be an integer from -2 to 1, got 2", () => ops.gather(x, i(1), { axis: 2 })],
  [
    "gatherNd: x and indices must share 0 batch axes and the indices' last axis name further axes of x, got x [2, 3] and indices [3]",
    () => ops.gatherNd(x, i(3)),
  ],
  ["gatherNd: x and indices must share 1 batch axes", () => ops.gatherNd(x, i(3, 1), { batchDims: 1 })],
  [
    "takeAlong: indices must have x's shape on all axes but 1, got x [2, 3] and indices [3, 1]",
    () => ops.takeAlong(x, i(3, 1)),
  ],
  [
    "scatterAdd: updates must be float32 of the indices' shape [2, 1], got float32 [2, 3]",
    () => ops.scatterAdd(x, i(2, 1), x),
  ],
  [
    "scatterNdAdd: updates must be float32 [4, 3] for x [2, 3] and indices [4, 1], got float32 [2, 3]",
    () => ops.scatterNdAdd(x, i(4, 1), x),
  ],
  ["oneHot: depth must be a positive whole number, got 0", () => ops.oneHot(i(1), 0)],
  ["topK: k must be a whole number from 1 to 3, got 4. Axis 1 of [2, 3] has no more.", () => ops.topK(x, 4)],
  ["argMax: axis must be an integer", () => ops.argMax(x, { axis: 3 })],
]);
