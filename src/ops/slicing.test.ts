import { checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build } from "../../test/support/check-plain.ts";
import { input } from "../graph/tensor.ts";
import * as ops from "./index.ts";
import type { PadOptions, Range } from "./slicing.ts";

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

const x = input("x", [2, 3]);
checkErrors("slicing", [
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
]);
