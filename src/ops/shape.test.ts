import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build, plain } from "../../test/support/check-plain.ts";
import { fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { lower, reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";
import type { PadOptions, Range } from "./slicing.ts";

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

const expansions: [number[], number[]][] = [
  [[], [2, 3]],
  [[3], [2, 3]],
  [
    [2, 1, 3],
    [2, 4, 3],
  ],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [1, 3],
    [2, 2, 3],
  ],
];
checkOp(
  "expand",
  ops.expand,
  expansions.map(([from, to]) => ({
    title: `[${from}] to [${to}]`,
    inputs: [from],
    build: (x) => ops.expand(x, to),
    forward: (x) => build(to, (index) => at(x, index)),
  })),
);

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

/** A range as Python reads it. */
function pythonIndices({ start, end, step = 1 }: Range, size: number): number[] {
  const indices = [];
  const clamp = (i: number, low: number, high: number) => Math.max(low, Math.min(high, i < 0 ? i + size : i));
  if (step > 0) for (let i = clamp(start ?? 0, 0, size); i < clamp(end ?? size, 0, size); i += step) indices.push(i);
  else
    for (
      let i = start === undefined ? size - 1 : clamp(start, -1, size - 1);
      i > (end === undefined ? -1 : clamp(end, -1, size - 1));
      i += step
    )
      indices.push(i);
  return indices;
}
const rangeCases: [number[], Range[]][] = [
  [[7], [{ axis: 0, start: 2 }]],
  [[7], [{ axis: 0, end: -2 }]],
  [[7], [{ axis: 0, start: -3, end: 100 }]],
  [[7], [{ axis: 0, start: 1, end: 6, step: 2 }]],
  [[7], [{ axis: 0, start: 2, step: 3 }]],
  [[8], [{ axis: 0, step: 2 }]],
  [[7], [{ axis: 0, step: -1 }]],
  [[7], [{ axis: 0, start: 5, end: 1, step: -2 }]],
  [[7], [{ axis: 0, start: 4, step: -3 }]],
  [[1], [{ axis: 0, step: -1 }]],
  [
    [3, 5, 4],
    [
      { axis: 1, start: 1, end: 4 },
      { axis: -1, step: -2 },
    ],
  ],
  [
    [3, 5, 4],
    [
      { axis: 2, start: 0, end: 1 },
      { axis: 0, start: 1, step: 1 },
    ],
  ],
  [[3, 5], [{ axis: 0, start: 0, end: 3 }]],
  [[3, 5], []],
];
checkOp(
  "slice",
  ops.slice,
  rangeCases.map(([shape, ranges]) => {
    const picked = shape.map((size, axis) => {
      const range = ranges.find((one) => (one.axis + shape.length) % shape.length === axis);
      return range === undefined ? Array.from({ length: size }, (_, i) => i) : pythonIndices(range, size);
    });
    return {
      title: `[${shape}] ${JSON.stringify(ranges)}`,
      inputs: [shape],
      build: (x) => ops.slice(x, ranges),
      forward: (x) =>
        build(
          picked.map((list) => list.length),
          (index) =>
            at(
              x,
              index.map((i, axis) => picked[axis][i]),
            ),
        ),
    };
  }),
);

/** Where an element of the padded axis comes from; −1: from nowhere. */
function padSource(i: number, before: number, size: number, mode: PadOptions["mode"]): number {
  const inside = i - before;
  if (inside >= 0 && inside < size) return inside;
  if (mode === "edge") return inside < 0 ? 0 : size - 1;
  if (mode === "reflect") return inside < 0 ? -inside : 2 * (size - 1) - inside;
  return -1;
}
const padCases: [number[], PadOptions][] = (["constant", "reflect", "edge"] as const).flatMap(
  (mode): [number[], PadOptions][] => [
    [[5], { before: [2], after: [3], mode, value: 7 }],
    [[4], { before: [0], after: [1], mode }],
    [[4], { before: [3], after: [0], mode }],
    [[3, 4], { before: [1, 2], after: [2, 3], mode }],
    [[2, 3, 3], { before: [0, 2, 1], after: [0, 0, 2], mode }],
    [[1, 3], { before: [0, 1], after: [0, 1], mode }],
    [[2, 2], { mode }],
  ],
);
checkOp(
  "pad",
  ops.pad,
  padCases.map(([shape, options]) => {
    const { before = shape.map(() => 0), after = shape.map(() => 0), mode = "constant", value = 0 } = options;
    return {
      title: `[${shape}] ${JSON.stringify(options)}`,
      inputs: [shape],
      build: (x) => ops.pad(x, options),
      forward: (x) =>
        build(
          shape.map((size, axis) => before[axis] + size + after[axis]),
          (index) => {
            const source = index.map((i, axis) => padSource(i, before[axis], shape[axis], mode));
            return source.includes(-1) ? value : at(x, source);
          },
        ),
    };
  }),
);

checkOp("flip", ops.flip, [
  {
    title: "one axis",
    inputs: [[2, 3]],
    build: (x) => ops.flip(x, { axes: [1] }),
    forward: (x) => build([2, 3], ([i, j]) => at(x, [i, 2 - j])),
  },
  {
    title: "two axes",
    inputs: [[2, 3, 2]],
    build: (x) => ops.flip(x, { axes: [0, -1] }),
    forward: (x) => build([2, 3, 2], ([i, j, k]) => at(x, [1 - i, j, 1 - k])),
  },
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
checkOp("windowPartition", ops.windowPartition, [
  {
    title: "two by three windows",
    inputs: [[2, 4, 6, 3]],
    build: (x) => ops.windowPartition(x, 2),
    forward: (x) =>
      build([12, 2, 2, 3], ([w, i, j, c]) =>
        at(x, [Math.floor(w / 6), 2 * Math.floor((w % 6) / 3) + i, 2 * (w % 3) + j, c]),
      ),
  },
]);
checkOp("windowMerge", ops.windowMerge, [
  {
    title: "there and back",
    inputs: [[2, 4, 6, 3]],
    build: (x) => ops.windowMerge(ops.windowPartition(x, 2), 2, 4, 6),
    forward: same,
  },
]);
checkOp("constantLike", ops.constantLike, [
  {
    title: "a number everywhere",
    inputs: [[2, 2]],
    build: (x) => ops.constantLike(x, 3),
    forward: () => plain([2, 2], [3, 3, 3, 3]),
    gradients: [[0, 0, 0, 0]],
  },
]);
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

test("pieces of a split that nobody uses count as zeros in its gradient", async () => {
  const x = input("x", [4]);
  const [, used] = ops.split(x, [1, 2, 1], { axis: 0 });
  const [d] = gradients(ops.sum(used), [x]);
  expect(toNumbers((await evaluate({ d }, { x: fromNumbers("float32", [4], [1, 2, 3, 4]) })).d)).toEqual([0, 1, 1, 0]);
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
checkErrors("shapes", [
  ["reshape: [4, 2] must hold the 6 elements of x, got x of shape [2, 3].", () => ops.reshape(x, [4, 2])],
  ["reshape: [-1, -1] must hold", () => ops.reshape(x, [-1, -1])],
  ["reshape: [4, -1] must hold", () => ops.reshape(x, [4, -1])],
  [
    "transpose: permutation must name each axis of x once, got [0, 0] for shape [2, 3]. Use the numbers 0 to 1.",
    () => ops.transpose(x, [0, 0]),
  ],
  ["expand: x must have size 1 where it is repeated, got [2, 3] for [3].", () => ops.expand(x, [3])],
  ["expand: shapes must be equal or 1", () => ops.expand(x, [4, 3])],
  ["squeeze: axis 0 must have size 1, got 2 in shape [2, 3].", () => ops.squeeze(x, 0)],
  ["unsqueeze: axis must be an integer from -3 to 2, got 3", () => ops.unsqueeze(x, 3)],
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
  [
    "slice: start and end must be whole numbers, got 0.5:2 of axis 1 in shape [2, 3].",
    () => ops.slice(x, [{ axis: 1, start: 0.5, end: 2 }]),
  ],
  ["slice: step must be a whole number other than 0, got 0.", () => ops.slice(x, [{ axis: 1, step: 0 }])],
  [
    "slice: each axis may be named once",
    () =>
      ops.slice(x, [
        { axis: 1, start: 1 },
        { axis: -1, start: 1 },
      ]),
  ],
  [
    "pad: before and after must each have one whole number of at least 0 for each of 2 axes, got [1] and [0, 0].",
    () => ops.pad(x, { before: [1] }),
  ],
  ["got [-1, 0] and [0, 0]. Use slice to cut.", () => ops.pad(x, { before: [-1, 0] })],
  [
    "pad: reflect must add fewer elements than axis 0 has (2), got 2 and 0.",
    () => ops.pad(x, { before: [2, 0], mode: "reflect" }),
  ],
  ["roll: expected one whole shift for each of 2 axes, got 1.", () => ops.roll(x, { shifts: [1], axes: [0, 1] })],
  ["windowPartition: x must have 4 axes, got shape [2, 3].", () => ops.windowPartition(x, 2)],
  ["got 5. Check the sizes.", () => ops.windowPartition(input("y", [1, 4, 5, 1]), 2)],
  [
    "windowMerge: x must hold whole images of 4 x 4 in windows of 2, got shape [3,2,2,1].",
    () => ops.windowMerge(input("y", [3, 2, 2, 1]), 2, 4, 4),
  ],
  [
    "straightThrough: hard and soft must have one type and shape, got float32 [2, 3] and float32 [3].",
    () => ops.straightThrough(x, input("y", [3])),
  ],
]);
