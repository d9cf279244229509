import { isFloat } from "../array/dtype.ts";
import { show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, nodes, type Target, type Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { constantLike } from "./broadcast.ts";
import { equal } from "./comparison.ts";
import { padded, tapOf } from "./convolution-lowering.ts";
import { scatterAdd, takeAlong } from "./indexing.ts";
import { type AxisWeights, axisWeights, separable } from "./matmul.ts";
import { comparable, mean, withNaN } from "./reductions.ts";
import { cast, reshape } from "./shape.ts";
import { pad, slice } from "./slicing.ts";
import { type Padding, type Pair, type Window, windowAttributes, windowOf, windowOutput } from "./window.ts";

export interface PoolOptions {
  readonly kernel: Pair;
  /** Default: the kernel, so that windows do not overlap. */
  readonly strides?: Pair;
  readonly padding?: Padding;
  /** Round the output size up; a window must still start inside the input or the padding before it. */
  readonly ceilMode?: boolean;
}

/** The window of a pool over x, [B, C, H, W]. */
function poolWindow(where: string, x: Tensor, { kernel, strides = kernel, padding, ceilMode }: PoolOptions): Window {
  if (x.shape.length !== 4) {
    throw new InputError(`${where}: expected x [B, C, H, W], got ${show(x.shape)}. Reshape it.`);
  }
  const window = windowOf(where, [x.shape[2], x.shape[3]], kernel, { strides, padding, ceilMode });
  if (window.pads.some((number, side) => number >= window.kernel[side % 2])) {
    throw new InputError(
      `${where}: padding must be less than the kernel, got ${window.pads.join(", ")} and ${window.kernel.join(" × ")}. Pad less.`,
    );
  }
  return window;
}

/** The shape of a feature map like x of another size. */
export function feature(x: Tensor, size: readonly [number, number]): number[] {
  return [x.shape[0], x.shape[1], ...size];
}

/**
 * The largest value of each window, NaN where a window holds one; padding never wins. Among equal values the first one,
 * row by row, gets the gradient.
 *
 * x: [B, C, H, W] float → y: [B, C, H′, W′]. `strides` default to the kernel.
 * ONNX `MaxPool`, opset 12; differs: that leaves open what becomes of NaN.
 */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  const window = poolWindow("maxPool", x, options);
  if (!isFloat(x.dtype)) return numericPool(x, window);
  return node("MaxPoolWithNaN", [x], {
    output: { dtype: x.dtype, shape: outputShape(x, window) },
    gradient: (dy, y) => [scatterToWinners(x, y, dy, window)],
    lower: ([x]) => [withNaN(numericPool(x!, window), x!, (marks) => numericPool(marks, window))],
  });
}

/** The pool of ONNX Runtime, which passes NaN over or keeps it, by its place. */
function numericPool(x: Tensor, window: Window): Tensor {
  return node("MaxPool", [x], {
    attributes: windowAttributes(window),
    output: { dtype: x.dtype, shape: outputShape(x, window) },
    gradient: null,
  });
}

function outputShape(x: Tensor, window: Window): number[] {
  return feature(x, windowOutput("maxPool", [x.shape[2], x.shape[3]], window));
}

/** dy laid where each window's winner stands, added up: the gradient of the pool. Linear in dy. */
function scatterToWinners(x: Tensor, y: Tensor, dy: Tensor, window: Window): Tensor {
  return node("MaxPoolGrad", [x, y, dy], {
    output: x,
    gradient: (ddx) => [null, null, gatherWinners(x, y, ddx, window)],
    lower: ([x, y, dy], target) => [
      keepsIndices(target)
        ? scatterByIndices(comparable(x!), dy!, window)
        : scatterByTaps(comparable(x!), comparable(y!), dy!, window),
    ],
  });
}

/** The value of v where each window's winner stands: the transpose of `scatterToWinners`. v: as x → as y. */
function gatherWinners(x: Tensor, y: Tensor, v: Tensor, window: Window): Tensor {
  return node("MaxPoolSelect", [x, y, v], {
    output: y,
    gradient: (dy) => [null, null, scatterToWinners(x, y, dy, window)],
    lower: ([x, y, v], target) => [
      keepsIndices(target)
        ? gatherByIndices(comparable(x!), v!, window)
        : gatherByTaps(comparable(x!), comparable(y!), v!, window),
    ],
  });
}

/** WebGPU refuses a pool with indices at run time; on the CPU it is several times faster than comparing. */
function keepsIndices({ device, operators }: Target): boolean {
  return device === "cpu" && operators === "native";
}

/** Flat positions of the winners in x, [B·C·H′·W′] int64. */
function winners(x: Tensor, window: Window): Tensor {
  const shape = outputShape(x, window);
  const [, indices] = nodes("MaxPool", [x], {
    attributes: windowAttributes(window),
    outputs: [
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ],
    gradient: null,
  });
  return reshape(indices, [-1]);
}

function scatterByIndices(x: Tensor, dy: Tensor, window: Window): Tensor {
  const empty = constantLike(reshape(x, [-1]), 0);
  return reshape(scatterAdd(empty, winners(x, window), reshape(dy, [-1]), { axis: 0 }), x.shape);
}

function gatherByIndices(x: Tensor, v: Tensor, window: Window): Tensor {
  const taken = takeAlong(reshape(v, [sizeOf(v.shape)]), winners(x, window), { axis: 0 });
  return reshape(taken, outputShape(x, window));
}

/** For each kernel element, [row, column, 1 where it wins its window and 0 elsewhere]; the first of equal ones wins. */
function* winningTaps(x: Tensor, y: Tensor, window: Window): Generator<[number, number, Tensor]> {
  const around = padded(x, window.pads, Number.NEGATIVE_INFINITY);
  const size = y.shape.slice(2);
  let open = constantLike(y, 1);
  for (let i = 0; i < window.kernel[0]; i++) {
    for (let j = 0; j < window.kernel[1]; j++) {
      const wins = mul(open, cast(equal(tapOf(around, i, j, size, window), y), y.dtype));
      open = sub(open, wins);
      yield [i, j, wins];
    }
  }
}

function gatherByTaps(x: Tensor, y: Tensor, v: Tensor, window: Window): Tensor {
  const around = padded(v, window.pads);
  let total: Tensor | null = null;
  for (const [i, j, wins] of winningTaps(x, y, window)) {
    const part = mul(wins, tapOf(around, i, j, y.shape.slice(2), window));
    total = total === null ? part : add(total, part);
  }
  return total!;
}

function scatterByTaps(x: Tensor, y: Tensor, dy: Tensor, window: Window): Tensor {
  const [top, left, bottom, right] = window.pads;
  const around = [x.shape[2] + top + bottom, x.shape[3] + left + right];
  let total: Tensor | null = null;
  for (const [i, j, wins] of winningTaps(x, y, window)) {
    const spread = insertZeros(mul(wins, dy), window.strides);
    const offset = [i * window.dilations[0], j * window.dilations[1]];
    const part = pad(spread, {
      before: [0, 0, ...offset],
      after: [0, 0, around[0] - offset[0] - spread.shape[2], around[1] - offset[1] - spread.shape[3]],
      mode: "constant",
      value: 0,
    });
    total = total === null ? part : add(total, part);
  }
  if (top + left + bottom + right === 0) return total!;
  return slice(total!, [
    { axis: 2, start: top, end: top + x.shape[2] },
    { axis: 3, start: left, end: left + x.shape[3] },
  ]);
}

/** [B, C, H, W] → [B, C, (H − 1)·stride + 1, (W − 1)·stride + 1], zeros in between. */
function insertZeros(x: Tensor, [vertical, horizontal]: readonly [number, number]): Tensor {
  if (vertical === 1 && horizontal === 1) return x;
  const [batch, channels, height, width] = x.shape;
  const apart = pad(reshape(x, [batch, channels, height, 1, width, 1]), {
    before: [0, 0, 0, 0, 0, 0],
    after: [0, 0, 0, vertical - 1, 0, horizontal - 1],
    mode: "constant",
    value: 0,
  });
  return slice(reshape(apart, [batch, channels, height * vertical, width * horizontal]), [
    { axis: 2, start: 0, end: (height - 1) * vertical + 1 },
    { axis: 3, start: 0, end: (width - 1) * horizontal + 1 },
  ]);
}

export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts in the divisor. Pixels that only `ceilMode` adds never do. */
  readonly countIncludePad?: boolean;
}

/**
 * The mean of each window.
 *
 * x: [B, C, H, W] float → y: [B, C, H′, W′]. `strides` default to the kernel. ONNX `AveragePool`, opset 19, where each
 * window counts the same; a product with fixed matrices otherwise and in the gradient.
 */
export function averagePool(x: Tensor, { countIncludePad = true, ...options }: AveragePoolOptions): Tensor {
  const window = poolWindow("averagePool", x, options);
  const size = [x.shape[2], x.shape[3]] as const;
  const output = windowOutput("averagePool", size, window);
  // Rounding up may add padding that must not count, so the window before rounding says how far counting goes.
  const { pads } = poolWindow("averagePool", x, { ...options, ceilMode: false });
  const axes = ([0, 1] as const).map((axis) =>
    axisMeans(size[axis], output[axis], window, axis, countIncludePad ? [pads[axis], pads[axis + 2]] : [0, 0]),
  );
  if (window.pads.some((number) => number > 0)) return separable(x, axes[0], axes[1]);
  return node("AveragePool", [x], {
    attributes: windowAttributes(window),
    output: { dtype: x.dtype, shape: feature(x, output) },
    gradient: (dy) => [separable(dy, transposed(axes[0]), transposed(axes[1]))],
  });
}

/** Means along one axis; positions from −before to size + after count in the divisor. */
function axisMeans(
  size: number,
  outputs: number,
  window: Window,
  axis: 0 | 1,
  [before, after]: readonly [number, number],
): AxisWeights {
  return axisWeights(outputs, size, (put) => {
    for (let i = 0; i < outputs; i++) {
      const first = i * window.strides[axis] - window.pads[axis];
      const end = first + window.kernel[axis];
      const counted = Math.min(end, size + after) - Math.max(first, -before);
      for (let j = Math.max(first, 0); j < Math.min(end, size); j++) put(i, j, 1 / counted);
    }
  });
}

function transposed({ outputs, inputs, weights }: AxisWeights): AxisWeights {
  return axisWeights(inputs, outputs, (put) => {
    for (let i = 0; i < outputs; i++) for (let j = 0; j < inputs; j++) put(j, i, weights[i * inputs + j]);
  });
}

/**
 * Means of a grid of `size` windows that cover x: window i of n goes from ⌊i·H / n⌋ to ⌈(i + 1)·H / n⌉.
 *
 * x: [B, C, H, W] float → y: [B, C, size[0], size[1]]. As `adaptive_avg_pool2d` of PyTorch.
 */
export function adaptiveAveragePool(x: Tensor, size: readonly [number, number]): Tensor {
  if (x.shape.length !== 4 || !size.every((cells) => Number.isInteger(cells) && cells >= 1)) {
    throw new InputError(
      `adaptiveAveragePool: expected x [B, C, H, W] and a size of two positive integers, got ${show(x.shape)} and ${show(size)}. Correct them.`,
    );
  }
  const [, , height, width] = x.shape;
  if (height % size[0] === 0 && width % size[1] === 0) {
    return averagePool(x, { kernel: [height / size[0], width / size[1]] });
  }
  return separable(x, cellMeans(size[0], height), cellMeans(size[1], width));
}

function cellMeans(cells: number, pixels: number): AxisWeights {
  return axisWeights(cells, pixels, (put) => {
    for (let i = 0; i < cells; i++) {
      const start = Math.floor((i * pixels) / cells);
      const end = Math.ceil(((i + 1) * pixels) / cells);
      for (let j = start; j < end; j++) put(i, j, 1 / (end - start));
    }
  });
}

/** The mean of each channel. x: [B, C, H, W] float → y: [B, C, 1, 1]. */
export function globalAveragePool(x: Tensor): Tensor {
  if (x.shape.length !== 4) {
    throw new InputError(`globalAveragePool: expected x [B, C, H, W], got ${show(x.shape)}. Reshape it.`);
  }
  return mean(x, { axes: [2, 3], keepDims: true });
}
