import { checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build as fill } from "../../test/support/check-plain.ts";
import { fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { input } from "../graph/tensor.ts";
import { resize, roiAlign } from "./index.ts";

const common = { dtype: "float32" } as const;
const row = (values: number[]) => fromNumbers("float32", [1, values.length], values);

// Expected numbers are those of PyTorch 1.13, `torch.nn.functional.interpolate`.
checkOp(
  "resize",
  (x) => resize(x, [1, 1]),
  [
    {
      title: "bilinear, twice as large",
      inputs: [row([1, 2, 4])],
      build: (x) => resize(x, [1, 6]),
      forward: () => [1, 1.25, 1.75, 2.5, 3.5, 4],
    },
    {
      title: "bilinear, corners kept",
      inputs: [row([1, 2, 4])],
      build: (x) => resize(x, [1, 5], { alignCorners: true }),
      forward: () => [1, 1.5, 2, 3, 4],
    },
    {
      title: "bilinear, smaller, without antialias",
      inputs: [row([1, 2, 4, 8, 16])],
      build: (x) => resize(x, [1, 2]),
      forward: () => [1.75, 10.0],
    },
    {
      title: "one pixel, corners kept",
      inputs: [row([1, 2, 4])],
      build: (x) => resize(x, [1, 1], { alignCorners: true }),
      forward: () => [1],
    },
    {
      title: "nearest",
      inputs: [row([1, 2, 4])],
      build: (x) => resize(x, [1, 5], { mode: "nearest" }),
      forward: () => [1, 1, 2, 2, 4],
    },
    {
      title: "bicubic",
      inputs: [row([1, 2, 4, 8])],
      build: (x) => resize(x, [1, 8], { mode: "bicubic" }),
      forward: () => [0.8945312, 1.15625, 1.5625, 2.4179688, 3.1601562, 5.1171875, 7.1640625, 8.421875],
    },
    {
      title: "bicubic, corners kept",
      inputs: [row([1, 2, 4, 8])],
      build: (x) => resize(x, [1, 6], { mode: "bicubic", alignCorners: true }),
      forward: () => [1.0, 1.396, 2.352, 3.288, 5.768, 8.0],
    },
    {
      title: "bilinear, antialias",
      inputs: [row([1, 2, 4, 8, 16, 32, 64])],
      build: (x) => resize(x, [1, 3], { antialias: true }),
      forward: () => [2.0714286, 10.0, 40.0],
    },
    {
      title: "bicubic, antialias",
      inputs: [row([1, 2, 4, 8, 16, 32, 64])],
      build: (x) => resize(x, [1, 3], { mode: "bicubic", antialias: true }),
      forward: () => [1.4717742, 8.4212454, 41.8629032],
    },
    {
      // Outputs read 1 / 2.1 apart: at −0.26, 0.21, 0.69, 1.17, 1.64 and 2.12.
      title: "bilinear, a scale that is not the ratio of the sizes",
      inputs: [row([1, 2, 4])],
      build: (x) => resize(x, [1, 6], { scale: [1, 2.1] }),
      forward: () => [1, 1 + 3 / 14, 1 + 29 / 42, 2 + 1 / 3, 2 + 9 / 7, 4],
    },
    {
      title: "bicubic, the ratio of the sizes as the scale",
      inputs: [row([1, 2, 4, 8])],
      build: (x) => resize(x, [1, 8], { mode: "bicubic", scale: [1, 2] }),
      forward: () => [0.8945312, 1.15625, 1.5625, 2.4179688, 3.1601562, 5.1171875, 7.1640625, 8.421875],
    },
    { title: "both axes", inputs: [[2, 3, 4, 5]], build: (x) => resize(x, [7, 3]) },
    { title: "only the height", inputs: [[2, 4, 5]], build: (x) => resize(x, [2, 5], { antialias: true }) },
  ],
  common,
);

/** RoIAlign by its definition, sample by sample. */
function roiAlignPlain(
  x: NdArray,
  boxes: NdArray,
  indices: NdArray,
  [h, w]: [number, number],
  scale: number,
  aligned: boolean,
  ratio: number,
): NdArray {
  const [, channels, height, width] = x.shape;
  const box = toNumbers(boxes);
  const offset = aligned ? 0.5 : 0;
  return fill([boxes.shape[0], channels, h, w], ([r, c, i, j]) => {
    const [x1, y1, x2, y2] = box.slice(4 * r, 4 * r + 4).map((v) => v * scale - offset);
    const side = (length: number) => (aligned ? length : Math.max(length, 1));
    const bins = [side(y2 - y1) / h, side(x2 - x1) / w];
    const counts = bins.map((bin) => (ratio > 0 ? ratio : Math.ceil(bin)));
    let sum = 0;
    for (let a = 0; a < counts[0]; a++) {
      for (let b = 0; b < counts[1]; b++) {
        const v = y1 + (i + (a + 0.5) / counts[0]) * bins[0];
        const u = x1 + (j + (b + 0.5) / counts[1]) * bins[1];
        if (v < -1 || v > height || u < -1 || u > width) continue;
        const [p, q] = [Math.min(Math.max(v, 0), height - 1), Math.min(Math.max(u, 0), width - 1)];
        for (const [row, weightRow] of [
          [Math.floor(p), 1 - (p % 1)],
          [Math.ceil(p), p % 1],
        ]) {
          for (const [column, weightColumn] of [
            [Math.floor(q), 1 - (q % 1)],
            [Math.ceil(q), q % 1],
          ]) {
            sum += weightRow * weightColumn * at(x, [Number(indices.data[r]), c, row, column]);
          }
        }
      }
    }
    return sum / (counts[0] * counts[1]);
  });
}

const boxes = fromNumbers("float32", [3, 4], [8, 0, 40, 40, 5, 9, 47, 30, -12, 20, 60, 52]);
const indices = fromNumbers("int64", [3], [0, 1, 0]);
checkOp(
  "roiAlign",
  (x, boxes, indices) => roiAlign(x, boxes, indices, { size: [1, 1] }),
  [
    { title: "one sample per bin", size: [3, 4], aligned: false, ratio: 1 },
    { title: "as many samples as cells", size: [2, 2], aligned: false, ratio: 0 },
    { title: "half-cell corrected", size: [3, 3], aligned: true, ratio: 2 },
  ].map(({ title, size, aligned, ratio }) => ({
    title,
    inputs: [
      [2, 2, 6, 8],
      title.startsWith("as many") ? fromNumbers("float32", [3, 4], [8, 0, 40, 40, 5, 9, 47, 30, 0, 0, 64, 48]) : boxes,
      indices,
    ],
    build: (x, boxes, indices) =>
      roiAlign(x, boxes, indices, { size: size as [number, number], scale: 1 / 8, aligned, samplingRatio: ratio }),
    forward: (x, boxes, indices) => roiAlignPlain(x, boxes, indices, size as [number, number], 1 / 8, aligned, ratio),
    differentiable: [0],
  })),
  common,
);

const x = input("x", [1, 2, 4, 4]);
checkErrors("resizing", [
  [/two positive integers/, () => resize(x, [0, 2])],
  [/antialias must go with/, () => resize(x, [2, 2], { mode: "nearest", antialias: true })],
  [/alignCorners must go with/, () => resize(x, [2, 2], { mode: "nearest", alignCorners: true })],
  [/positive scale/, () => resize(x, [2, 2], { scale: [0, 1] })],
  [/expected a positive scale/, () => resize(x, [2, 2], { scale: [2, 2], antialias: true })],
  [/expected a positive scale/, () => resize(x, [2, 2], { scale: [2, 2], alignCorners: true })],
  [/expected a positive scale/, () => resize(x, [2, 2], { scale: [2, 2], mode: "nearest" })],
  [/roiAlign: expected x/, () => roiAlign(x, input("b", [3, 5]), input("i", [3], "int64"), { size: [2, 2] })],
]);
