import type { Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import type { Reader, Reading } from "../reading.ts";

type Pads = readonly [number, number, number, number];

interface Window {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: Pads | "same";
}

/** Window attributes of a node over [B, C, H, W]; null for other ranks and for padding that we do not have. */
function windowOf(r: Reading): Window | null {
  if (r.input(0).shape.length !== 4) return null;
  const automatic = r.text("auto_pad", "NOTSET");
  if (automatic === "SAME_LOWER") return null;
  const [top, left, bottom, right] = r.integers("pads") ?? [0, 0, 0, 0];
  const pads: Pads = automatic === "VALID" ? [0, 0, 0, 0] : [top, left, bottom, right];
  const pair = (name: string): readonly [number, number] => {
    const [vertical, horizontal] = r.integers(name) ?? [1, 1];
    return [vertical, horizontal];
  };
  return {
    strides: pair("strides"),
    dilations: pair("dilations"),
    padding: automatic === "SAME_UPPER" ? "same" : pads,
  };
}

function conv(r: Reading): readonly Tensor[] | null {
  const window = windowOf(r);
  if (window === null) return null;
  return [ops.conv(r.input(0), r.input(1), { ...window, bias: r.optional(2), groups: r.integer("group", 1) })];
}

function convTranspose(r: Reading): readonly Tensor[] | null {
  const window = windowOf(r);
  if (window === null || window.padding === "same" || r.has("output_shape")) return null;
  const [vertical, horizontal] = r.integers("output_padding") ?? [0, 0];
  return [
    ops.convTranspose(r.input(0), r.input(1), {
      strides: window.strides,
      dilations: window.dilations,
      padding: window.padding,
      outputPadding: [vertical, horizontal],
      bias: r.optional(2),
      groups: r.integer("group", 1),
    }),
  ];
}

const pool =
  (average: boolean): Reader =>
  (r) => {
    const window = windowOf(r);
    const [height, width] = r.integers("kernel_shape") ?? [0, 0];
    if (window === null || window.dilations.some((step) => step !== 1)) return null;
    // The positions of the maxima are an output that our operator does not have.
    if (r.outputs.length > 1 || r.integer("storage_order", 0) !== 0) return null;
    const { strides, padding } = window;
    const options = { kernel: [height, width] as const, strides, padding, ceilMode: r.integer("ceil_mode", 0) === 1 };
    const countIncludePad = r.integer("count_include_pad", 0) === 1;
    return [average ? ops.averagePool(r.input(0), { ...options, countIncludePad }) : ops.maxPool(r.input(0), options)];
  };

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
  if (r.integer("training_mode", 0) === 1 || r.outputs.length > 1) return null;
  const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((i) => r.input(i));
  return [ops.batchNormFrozen(x, gamma, beta, mean, variance, { epsilon: r.float("epsilon", 1e-5) })];
}

function layerNormalization(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const beta = r.optional(2);
  const axis = r.integer("axis", -1);
  const last = axis === -1 || axis === x.shape.length - 1;
  if (!last || beta === undefined || r.outputs.length > 1) return null;
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
  Dropout: (r) => {
    const training = r.numbers(2);
    return r.outputs.length > 1 || (training !== undefined && training?.[0] !== 0) ? null : [r.input(0)];
  },
};

/** ONNX Runtime's own operators, domain com.microsoft. */
export const microsoftReaders: Readonly<Record<string, Reader>> = {
  FusedMatMul: fusedMatmul,
  QuickGelu: (r) => {
    const x = r.input(0);
    return [ops.mul(x, ops.sigmoid(ops.mul(x, r.float("alpha", 1.702))))];
  },
};
