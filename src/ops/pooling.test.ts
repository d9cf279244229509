import { checkErrors, checkOp } from "../../test/support/check.ts";
import { poolPlain } from "../../test/support/check-plain-window.ts";
import { fromNumbers } from "../array/ndarray.ts";
import { input } from "../graph/tensor.ts";
import { adaptiveAveragePool, averagePool, globalAveragePool, maxPool } from "./index.ts";

const common = { dtype: "float32" } as const;
const largest = (values: number[]) => Math.max(...values);
const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Distinct numbers in a scattered order, far enough apart that small shifts change no winner. */
function scattered(shape: number[]) {
  const size = shape.reduce((a, b) => a * b, 1);
  return fromNumbers(
    "float32",
    shape,
    Array.from({ length: size }, (_, i) => (((i * 37) % size) - size / 2) / 10),
  );
}

checkOp(
  "maxPool",
  (x) => maxPool(x, { kernel: 2 }),
  [
    {
      title: "2 × 2",
      inputs: [scattered([2, 3, 6, 4])],
      build: (x) => maxPool(x, { kernel: 2 }),
      forward: (x) => poolPlain(x, [3, 2], [2, 2], {}, largest),
    },
    {
      title: "overlapping, padded: padding never wins over negative numbers",
      inputs: [
        fromNumbers(
          "float32",
          [1, 1, 5, 5],
          Array.from({ length: 25 }, (_, i) => -1 - ((i * 7) % 25)),
        ),
      ],
      build: (x) => maxPool(x, { kernel: 3, strides: 2, padding: 1 }),
      forward: (x) => poolPlain(x, [3, 3], [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, largest),
    },
    {
      title: "overlapping without padding, even size",
      inputs: [scattered([1, 2, 8, 8])],
      build: (x) => maxPool(x, { kernel: 3, strides: 2 }),
      forward: (x) => poolPlain(x, [3, 3], [3, 3], { strides: [2, 2] }, largest),
    },
    {
      title: "size rounded up",
      inputs: [scattered([1, 2, 6, 7])],
      build: (x) => maxPool(x, { kernel: 3, strides: 2, ceilMode: true }),
      forward: (x) => poolPlain(x, [3, 3], [3, 3], { strides: [2, 2] }, largest),
    },
    {
      title: "rounding up leaves out a window that would start in the padding behind",
      inputs: [scattered([1, 1, 4, 4])],
      build: (x) => maxPool(x, { kernel: 2, strides: 3, padding: [0, 0, 1, 1], ceilMode: true }),
      forward: (x) => poolPlain(x, [2, 2], [2, 2], { strides: [3, 3], pads: [0, 0, 1, 1] }, largest),
    },
    {
      title: "same, even size",
      inputs: [scattered([1, 2, 6, 6])],
      build: (x) => maxPool(x, { kernel: 3, strides: 2, padding: "same" }),
      forward: (x) => poolPlain(x, [3, 3], [3, 3], { strides: [2, 2], pads: [0, 0, 1, 1] }, largest),
    },
    {
      title: "the first of equal ones gets the gradient",
      inputs: [fromNumbers("float32", [1, 1, 3, 4], [1, 1, 0, 5, 0, 1, 5, 5, 2, 2, 5, 0])],
      build: (x) => maxPool(x, { kernel: 2, strides: 1 }),
      gradients: [[1, 0, 0, 1, 0, 0, 3, 0, 1, 0, 0, 0]],
    },
  ],
  common,
);

checkOp(
  "averagePool",
  (x) => averagePool(x, { kernel: 2 }),
  [
    {
      title: "2 × 2",
      inputs: [[2, 3, 4, 6]],
      build: (x) => averagePool(x, { kernel: 2 }),
      forward: (x) => poolPlain(x, [2, 3], [2, 2], {}, average),
    },
    {
      title: "overlapping, rest left over",
      inputs: [[1, 2, 6, 7]],
      build: (x) => averagePool(x, { kernel: [3, 2], strides: 2 }),
      forward: (x) => poolPlain(x, [2, 3], [3, 2], { strides: [2, 2] }, average),
    },
    {
      title: "padding counts",
      inputs: [[1, 2, 5, 5]],
      build: (x) => averagePool(x, { kernel: 3, strides: 2, padding: 1 }),
      forward: (x) =>
        poolPlain(x, [3, 3], [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, (v) => v.reduce((a, b) => a + b, 0) / 9),
    },
    {
      title: "padding does not count",
      inputs: [[1, 2, 5, 5]],
      build: (x) => averagePool(x, { kernel: 3, strides: 2, padding: 1, countIncludePad: false }),
      forward: (x) => poolPlain(x, [3, 3], [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, average),
    },
    {
      title: "what rounding up adds never counts",
      inputs: [[1, 2, 6, 6]],
      build: (x) => averagePool(x, { kernel: 3, strides: 2, ceilMode: true }),
      forward: (x) => poolPlain(x, [3, 3], [3, 3], { strides: [2, 2] }, average),
    },
  ],
  common,
);

checkOp(
  "adaptiveAveragePool",
  (x) => adaptiveAveragePool(x, [1, 1]),
  [
    {
      title: "sizes that divide",
      inputs: [[1, 2, 6, 4]],
      build: (x) => adaptiveAveragePool(x, [3, 2]),
      forward: (x) => poolPlain(x, [3, 2], [2, 2], {}, average),
    },
    {
      title: "windows of different size",
      inputs: [fromNumbers("float32", [1, 1, 1, 5], [1, 2, 3, 4, 6])],
      build: (x) => adaptiveAveragePool(x, [1, 3]),
      forward: () => [1.5, 3, 5],
    },
    {
      title: "larger than the input",
      inputs: [fromNumbers("float32", [1, 1, 1, 2], [1, 2])],
      build: (x) => adaptiveAveragePool(x, [1, 3]),
      forward: () => [1, 1.5, 2],
    },
  ],
  common,
);

checkOp("globalAveragePool", globalAveragePool, [
  { inputs: [[2, 3, 4, 5]], forward: (x) => poolPlain(x, [1, 1], [4, 5], {}, average) },
]);

checkErrors("pools", [
  [/maxPool: expected x/, () => maxPool(input("x", [3, 4, 4]), { kernel: 2 })],
  [/padding must be less than the kernel/, () => maxPool(input("x", [1, 3, 4, 4]), { kernel: 2, padding: 2 })],
  [/window must fit/, () => averagePool(input("x", [1, 3, 4, 4]), { kernel: 5 })],
  [/two positive integers/, () => adaptiveAveragePool(input("x", [1, 3, 4, 4]), [0, 1])],
  [/expected x \[B, C, H, W\]/, () => globalAveragePool(input("x", [4, 4]))],
]);
