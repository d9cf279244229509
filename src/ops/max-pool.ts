import { isFloat } from "../array/dtype.ts";
import { sizeOf } from "../array/shape.ts";
import { node, nodes, type Target, type Tensor } from "../graph/tensor.ts";
import { padded, tapOf } from "./composite/convolution-lowering.ts";
import { comparable, withNaN } from "./composite/extreme.ts";
import { feature, type PoolOptions, poolWindow } from "./composite/pool.ts";
import { type Window, windowAttributes, windowOutput } from "./composite/window.ts";
import { add, cast, constantLike, equal, mul, pad, reshape, scatterAdd, slice, sub, takeAlong } from "./index.ts";

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
