import { sameShape, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import type { Reader, Reading } from "../reading.ts";

type Pads = readonly [number, number, number, number];

interface Window {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: Pads | "same";
}

/** No padding, stride or dilation of a picture is wider; what it costs to run grows with it. */
export const widestWindow = 4096;

/** Two numbers, one for each axis of the window, or four: the sides. */
function numbersOf(r: Reading, name: string, count: number, otherwise: number): readonly number[] {
  const numbers = r.integers(name) ?? Array.from({ length: count }, () => otherwise);
  if (numbers.length === count) return numbers;
  throw new InputError(`${r.where}: expected ${count} numbers as ${name}, got ${numbers.length}. The file is damaged.`);
}

function pairOf(r: Reading, name: string, otherwise: number): readonly [number, number] {
  const [vertical, horizontal] = numbersOf(r, name, 2, otherwise);
  return [vertical, horizontal];
}

/** Window attributes of a node over [B, C, H, W]; null for other ranks and for padding that we do not have. */
function windowOf(r: Reading): Window | null {
  if (r.input(0).shape.length !== 4) return null;
  const automatic = r.text("auto_pad", "NOTSET");
  if (automatic === "SAME_LOWER") return null;
  const [top, left, bottom, right] = automatic === "NOTSET" ? numbersOf(r, "pads", 4, 0) : [0, 0, 0, 0];
  const [strides, dilations] = [pairOf(r, "strides", 1), pairOf(r, "dilations", 1)];
  const widest = Math.max(top, left, bottom, right, ...strides, ...dilations);
  if (widest > widestWindow) {
    throw new InputError(
      `${r.where}: expected pads, strides and dilations of at most ${widestWindow}, got ${widest}. Export the model again.`,
    );
  }
  return { strides, dilations, padding: automatic === "SAME_UPPER" ? "same" : [top, left, bottom, right] };
}

/** Throws InputError where the file says another size of the kernel than that of its weights. */
function checkKernel(r: Reading): void {
  const { shape } = r.input(1);
  const kernel = r.integers("kernel_shape") ?? shape.slice(2);
  if (!sameShape(kernel, shape.slice(2))) {
    throw new InputError(
      `${r.where}: expected weights of kernel ${show(kernel)}, got ${show(shape)}. The file contradicts itself.`,
    );
  }
}

function conv(r: Reading): readonly Tensor[] | null {
  checkKernel(r);
  const window = windowOf(r);
  if (window === null) return null;
  return [ops.conv(r.input(0), r.input(1), { ...window, bias: r.optional(2), groups: r.integer("group", 1) })];
}

function convTranspose(r: Reading): readonly Tensor[] | null {
  checkKernel(r);
  const window = windowOf(r);
  if (window === null || window.padding === "same" || r.has("output_shape")) return null;
  return [
    ops.convTranspose(r.input(0), r.input(1), {
      strides: window.strides,
      dilations: window.dilations,
      padding: window.padding,
      outputPadding: pairOf(r, "output_padding", 0),
      bias: r.optional(2),
      groups: r.integer("group", 1),
    }),
  ];
}

/** Our mean of windows holds a matrix from pixels to windows for each axis, of float32; larger ones we do not make. */
const largestMatrix = 2 ** 24;

const pool =
  (average: boolean): Reader =>
  (r) => {
    const window = windowOf(r);
    // The positions of the maxima are an output that our operator does not have.
    if (window === null || r.outputCount > 1 || r.integer("storage_order", 0) !== 0) return null;
    const kernel = pairOf(r, "kernel_shape", 0);
    const { strides, padding, dilations } = window;
    if (dilations.some((step) => step !== 1)) return null;
    const options = { kernel, strides, padding, ceilMode: r.integer("ceil_mode", 0) === 1 };
    const x = r.input(0);
    if (!average) return [ops.maxPool(x, options)];
    const sizes = [0, 1].map((axis) => x.shape[axis + 2] + 2 * widestOf(padding));
    const windows = sizes.map((size, axis) => Math.max(0, size - kernel[axis]) / strides[axis] + 2);
    if (x.dtype !== "float32" || sizes.some((size, axis) => size * windows[axis] > largestMatrix)) return null;
    return [ops.averagePool(x, { ...options, countIncludePad: r.integer("count_include_pad", 0) === 1 })];
  };

function widestOf(padding: Pads | "same"): number {
  return padding === "same" ? 0 : Math.max(...padding);
}

/** α · A′ B′ + β · C. */
function gemm(r: Reading): readonly Tensor[] | null {
  const product = ops.matmul(r.input(0), r.input(1), {
    transposeA: r.integer("transA", 0) === 1,
    transposeB: r.integer("transB", 0) === 1,
    scale: r.float("alpha", 1),
  });
  const c = r.optional(2);
  if (c === undefined) return [product];
  const beta = r.float("beta", 1);
  return [ops.add(product, beta === 1 ? c : ops.mul(c, beta))];
}

function fusedMatmul(r: Reading): readonly Tensor[] | null {
  if (r.integer("transBatchA", 0) === 1 || r.integer("transBatchB", 0) === 1) return null;
  return gemm(r);
}

function matmul(r: Reading): readonly Tensor[] | null {
  const [a, b] = [r.input(0), r.input(1)];
  if (a.shape.length >= 2 && b.shape.length >= 2) return [ops.matmul(a, b)];
  if (a.shape.length === 0 || b.shape.length === 0) return null;
  // A vector is a row on the left and a column on the right; its axis vanishes again.
  const left = a.shape.length === 1 ? ops.unsqueeze(a, 0) : a;
  const right = b.shape.length === 1 ? ops.unsqueeze(b, 1) : b;
  let product = ops.matmul(left, right);
  if (b.shape.length === 1) product = ops.squeeze(product, -1);
  return [a.shape.length === 1 ? ops.squeeze(product, b.shape.length === 1 ? -1 : -2) : product];
}

function batchNormalization(r: Reading): readonly Tensor[] | null {
  if (r.integer("training_mode", 0) === 1 || r.outputCount > 1) return null;
  if (r.integer("spatial", 1) === 0) {
    throw new InputError(
      `${r.where}: expected one mean and variance for each channel, got spatial 0: one for each pixel. Export the model with opset 9 or newer.`,
    );
  }
  const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((i) => r.input(i));
  return [ops.batchNormFrozen(x, gamma, beta, mean, variance, { epsilon: r.float("epsilon", 1e-5) })];
}

function layerNormalization(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const beta = r.optional(2);
  const axis = r.integer("axis", -1);
  const last = axis === -1 || axis === x.shape.length - 1;
  if (!last || beta === undefined || r.outputCount > 1 || r.input(1).shape.length !== 1) return null;
  return [ops.layerNorm(x, r.input(1), beta, { epsilon: r.float("epsilon", 1e-5) })];
}

export const layerReaders: Readonly<Record<string, Reader>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool(false),
  AveragePool: pool(true),
  GlobalAveragePool: (r) => (r.input(0).shape.length === 4 ? [ops.globalAveragePool(r.input(0))] : null),
  MatMul: matmul,
  Gemm: gemm,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: (r) => [
    ops.instanceNorm(r.input(0), r.input(1), r.input(2), { epsilon: r.float("epsilon", 1e-5) }),
  ],
};

/** ONNX Runtime's own operators, domain com.microsoft. */
export const microsoftReaders: Readonly<Record<string, Reader>> = {
  FusedMatMul: fusedMatmul,
  QuickGelu: (r) => {
    const x = r.input(0);
    return [ops.mul(x, ops.sigmoid(ops.mul(x, r.float("alpha", 1.702))))];
  },
};
